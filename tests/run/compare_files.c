/* What brood_run_compare says, for the tests that are not C: reads lines "A<tab>B" and answers each with a line: exit
   code, which files are not whole ("", "A", "B", "AB"), and the difference or the message, separated by tabs. */
#include <stdio.h>
#include <string.h>

#include "brood/run/compare.h"

static void answer(const char *a, const char *b) {
    brood_difference_t difference;
    brood_err_t        err = brood_run_compare(&brood_fs_posix, a, b, &difference);
    if (err != BROOD_OK) {
        printf("%d\t\t%s\n", brood_exit_code(err), brood_message());
        return;
    }
    printf("%d\t%s%s\t", brood_exit_code(difference.equal ? BROOD_OK : BROOD_E_DIFFERENT),
           difference.a_whole ? "" : "A", difference.b_whole ? "" : "B");
    if (difference.equal)
        printf("%lld objects\n", (long long)difference.objects);
    else
        printf("%s: %s\n", difference.where, difference.what);
}

int main(void) {
    char line[4096];
    while (fgets(line, sizeof line, stdin)) {
        line[strcspn(line, "\n")] = '\0';
        char *tab = strchr(line, '\t');
        if (!tab) return 1;
        *tab = '\0';
        answer(line, tab + 1);
        fflush(stdout);
    }
    return 0;
}
