#include <stdio.h>
#include <string.h>

#include "command.h"
#include "config.h"

static brood_err_t run(int argc, char *argv[], int *exit_code) {
    const char     *topic[1] = {NULL};
    bool            markdown = false;
    const option_t  options[] = {{.name = "--markdown", .given = &markdown}, {0}};
    brood_section_t sections[CONFIG_SECTIONS];
    brood_err_t     err = parse_options(argc, argv, options, topic, 1);
    if (err != BROOD_OK) return err;
    *exit_code = 0;
    if (!topic[0]) {
        print_help();
        return BROOD_OK;
    }
    for (const command_t *const *command = commands; *command; command++)
        if (!strcmp((*command)->name, topic[0])) {
            printf("%s", (*command)->help);
            return BROOD_OK;
        }
    config_sections(NULL, sections);
    return brood_config_help(sections, CONFIG_SECTIONS, strcmp(topic[0], "keys") ? topic[0] : NULL, markdown, stdout);
}

const command_t command_help = {
    .name = "help",
    .summary = "explain the keys of a configuration, or a command",
    .help = "  brood help keys                 every key: unit, default, what it does, when to change it\n"
            "  brood help run                  those of one section\n"
            "  brood help run.lag              one of them\n"
            "  brood help search               the same as `brood search --help`\n\n"
            "Options:\n"
            "  --markdown    print the keys as the tables of docs/configuration.md\n",
    .run = run,
};
