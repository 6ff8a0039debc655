#include "brood/util/log.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

static brood_log_level_t log_level = BROOD_LOG_INFO;
static int               log_speaks = 1;
static void (*log_carry)(void *self, const char *text);
static void *log_carrier;

void brood_log_setup(brood_log_level_t level, int speaks) {
    log_level = level;
    log_speaks = speaks;
}

void brood_log_carry(void (*carry)(void *self, const char *text), void *self) {
    log_carry = carry;
    log_carrier = self;
}

void brood_log_write(brood_log_level_t level, const char *format, ...) {
    static const char *const prefix[] = {"brood: error: ", "brood: warning: ", "brood: ", "brood: debug: "};
    bool                     carried = !log_speaks && level == BROOD_LOG_WARNING && log_carry;
    if (level > log_level || (!log_speaks && level != BROOD_LOG_ERROR && !carried)) return;
    char    line[4096]; /* one write a line, so that ranks do not mix within it */
    int     used = carried ? 0 : snprintf(line, sizeof line, "%s", prefix[level]);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line + used, sizeof line - (size_t)used, format, arguments);
    va_end(arguments);
    if (carried)
        log_carry(log_carrier, line);
    else
        fprintf(stderr, "%s\n", line);
}
