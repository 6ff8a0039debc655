#include "brood/util/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static brood_log_level_t log_level = BROOD_LOG_INFO;
static int               log_speaks = 1;
static const char       *clear_status = ""; /* what goes before a line */

#define CLEAR_LINE "\r\033[K"

void brood_log_setup(brood_log_level_t level, int speaks) {
    log_level = level;
    log_speaks = speaks;
}

void brood_log_write(brood_log_level_t level, const char *format, ...) {
    static const char *const prefix[] = {"brood: error: ", "brood: warning: ", "brood: ", "brood: debug: "};
    if (level > log_level || (!log_speaks && level != BROOD_LOG_ERROR)) return;
    char    line[4096]; /* one write a line, so that ranks do not mix within it */
    int     used = snprintf(line, sizeof line, "%s", prefix[level]);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line + used, sizeof line - (size_t)used, format, arguments);
    va_end(arguments);
    fprintf(stderr, "%s%s\n", clear_status, line);
    clear_status = "";
}

bool brood_log_watched(void) {
    return isatty(STDERR_FILENO) || getenv("BROOD_TERMINAL");
}

void brood_log_status(const char *format, ...) {
    char    line[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    fprintf(stderr, CLEAR_LINE "%s", line);
    clear_status = CLEAR_LINE;
}
