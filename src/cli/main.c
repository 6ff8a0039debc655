#include <stdio.h>
#include <string.h>

#include "brood/util/flush.h"
#include "brood/util/log.h"
#include "command.h"
#include "version.h"

const command_t *const commands[] = {&command_search,  &command_train, &command_status,
                                     &command_compare, &command_check, &command_fingerprint,
                                     &command_bench,   &command_help,  NULL};

void print_exit_codes(void) {
    printf("Exit codes:\n");
#define LINE(symbol, code, text) printf("  %3d  %s\n", code, text);
    BROOD_ENDS(LINE)
#undef LINE
#define LINE(symbol, code, text)                                                                                       \
    if (code) printf("  %3d  %s\n", code, text);
    BROOD_ERRORS(LINE)
#undef LINE
}

void print_help(void) {
    printf("  brood search configs/quickstart.yaml --run runs/first    begin a search, or go on with it\n"
           "  brood status runs/first                                  how far it is, and what it found\n\n"
           "Brood " BROOD_VERSION
           " finds network architectures by reinforcement learning, as a batch job that can be stopped.\n\n"
           "Commands:\n");
    for (const command_t *const *command = commands; *command; command++)
        printf("  %-12s %s\n", (*command)->name, (*command)->summary);
    printf("\n`brood COMMAND --help` lists a command's options, `brood help keys` the keys of a configuration;\n"
           "`brood --version` names version and commit.\n\n");
    print_exit_codes();
}

static const command_t *find(const char *name) {
    for (const command_t *const *command = commands; *command; command++)
        if (!strcmp((*command)->name, name)) return *command;
    return NULL;
}

static brood_err_t act(int argc, char *argv[], int *exit_code) {
    const char *word = argc < 2 ? "--help" : argv[1];
    *exit_code = argc < 2 ? brood_exit_code(BROOD_E_USAGE) : 0;
    if (!strcmp(word, "--help") || !strcmp(word, "-h")) {
        print_help();
        return BROOD_OK;
    }
    if (!strcmp(word, "--version")) {
        printf("brood %s (%s)\n", BROOD_VERSION, BROOD_COMMIT);
        return BROOD_OK;
    }
    const command_t *command = find(word);
    if (!command)
        return brood_fail(BROOD_E_USAGE, "unknown command \"%s\"; `brood --help` lists those there are", word);
    if (!wants_help(argc - 1, argv + 1)) return command->run(argc - 1, argv + 1, exit_code);
    printf("%s", command->help);
    return BROOD_OK;
}

int main(int argc, char *argv[]) {
    int         exit_code;
    brood_err_t err = act(argc, argv, &exit_code);
    if (err == BROOD_OK) err = brood_flush(stdout, "the output");
    if (err == BROOD_OK) return exit_code;
    brood_log_write(BROOD_LOG_ERROR, "%s", brood_message());
    return brood_exit_code(err);
}
