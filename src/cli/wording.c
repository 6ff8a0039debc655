#include "wording.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *plural(int64_t count) {
    return count == 1 ? "" : "s";
}

void wording_failures(const int64_t count[BROOD_STATUS_COUNT], char text[WORDING_FAILURES_SIZE]) {
    static const brood_status_t failures[] = {BROOD_STATUS_INVALID, BROOD_STATUS_REFUSED, BROOD_STATUS_DIVERGED,
                                              BROOD_STATUS_SKIPPED};
    const size_t                kinds = sizeof failures / sizeof *failures;
    int64_t                     all = 0;
    text[0] = '\0';
    for (size_t i = 0; i < kinds; i++) all += count[failures[i]];
    if (all == 0) return;
    snprintf(text, WORDING_FAILURES_SIZE, ", %lld of them failed (", (long long)all);
    const char *between = "";
    for (size_t i = 0; i < kinds; i++) {
        size_t used = strlen(text);
        if (count[failures[i]] == 0) continue;
        snprintf(text + used, WORDING_FAILURES_SIZE - used, "%s%lld %s", between, (long long)count[failures[i]],
                 brood_status_names.value[failures[i]]);
        between = ", ";
    }
    snprintf(text + strlen(text), WORDING_FAILURES_SIZE - strlen(text), ")");
}

const char *wording_shell(const char *text, char *word, size_t size) {
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./:=@%+-,";
    static const char quote[] = "'\\''"; /* ends the quotes, a quote of its own, and begins them again */
    size_t            used = 1;
    if (*text && text[strspn(text, plain)] == '\0') {
        snprintf(word, size, "%s", text);
        return word;
    }
    snprintf(word, size, "'");
    for (; *text && used + sizeof quote < size; text++) {
        const char one[] = {*text, '\0'};
        used += (size_t)snprintf(word + used, size - used, "%s", *text == '\'' ? quote : one);
    }
    snprintf(word + used, size - used, "'");
    return word;
}

const char *wording_program(void) {
    const char *script = getenv("BROOD_STARTED_BY");
    return script && *script && !wording_is_job() ? script : program_invocation_name;
}

bool wording_is_job(void) {
    const char *script = getenv("BROOD_STARTED_BY");
    return script && !strcmp(script, "job");
}
