#include "brood/util/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define CLEAR_LINE "\r\033[K"

static brood_log_level_t log_level = BROOD_LOG_INFO;
static bool              log_speaks = true;
static bool              log_status_shown;
static void (*log_carry)(void *self, const char *text);
static void *log_carrier;

void brood_log_setup(brood_log_level_t level, bool speaks) {
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
    char    line[BROOD_MESSAGE_SIZE + 64]; /* one write a line, so that ranks do not mix within it */
    int     used = carried ? 0 : snprintf(line, sizeof line, "%s", prefix[level]);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line + used, sizeof line - (size_t)used, format, arguments);
    va_end(arguments);
    if (carried) {
        log_carry(log_carrier, line);
        return;
    }
    fprintf(stderr, "%s%s\n", log_status_shown ? CLEAR_LINE : "", line);
    log_status_shown = false;
}

bool brood_log_watched(void) {
    return isatty(STDERR_FILENO) || getenv("BROOD_TERMINAL");
}

void brood_log_status(const char *format, ...) {
    char    line[1024];
    va_list arguments;
    if (log_level < BROOD_LOG_INFO || !log_speaks) return;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    fprintf(stderr, CLEAR_LINE "%s", line);
    log_status_shown = true;
}
