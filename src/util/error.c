#include "brood/util/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static _Thread_local char message[BROOD_MESSAGE_SIZE];

#define EXIT_CODE(symbol, code, text) code,
#define TEXT(symbol, code, text)      text,
static const int         exit_code[] = {BROOD_ERRORS(EXIT_CODE)};
static const char *const error_text[] = {BROOD_ERRORS(TEXT)};
static const int         end_exit_code[] = {BROOD_ENDS(EXIT_CODE)};
static const char *const end_text[] = {BROOD_ENDS(TEXT)};

int brood_exit_code(brood_err_t code) {
    return exit_code[code];
}

const char *brood_error_text(brood_err_t code) {
    return error_text[code];
}

int brood_end_exit_code(brood_end_t end) {
    return end_exit_code[end];
}

const char *brood_end_text(brood_end_t end) {
    return end_text[end];
}

brood_err_t brood_fail(brood_err_t code, const char *format, ...) {
    char    fresh[BROOD_MESSAGE_SIZE]; /* the arguments may quote the message that they replace */
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(fresh, sizeof fresh, format, arguments);
    va_end(arguments);
    memcpy(message, fresh, sizeof message);
    return code;
}

/* A text too long loses its end. Returns the length of the whole. */
static size_t append(char to[BROOD_MESSAGE_SIZE], size_t used, const char *text) {
    size_t length = strlen(text), room = BROOD_MESSAGE_SIZE - 1 - used;
    if (length > room) length = room;
    memcpy(to + used, text, length);
    to[used + length] = '\0';
    return used + length;
}

brood_err_t brood_because(brood_err_t code, const char *format, ...) {
    char    whole[BROOD_MESSAGE_SIZE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(whole, sizeof whole, format, arguments);
    va_end(arguments);
    size_t used = append(whole, strlen(whole), ": ");
    append(whole, used, message);
    memcpy(message, whole, sizeof message);
    return code;
}

const char *brood_message(void) {
    return message;
}

brood_err_t brood_fail_errno(int errnum, const char *format, ...) {
    char    what[BROOD_MESSAGE_SIZE / 2], reason[256] = "";
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    brood_err_t code = errnum == ENOSPC || errnum == EDQUOT ? BROOD_E_FULL
                       : errnum == ENOMEM                   ? BROOD_E_MEMORY
                                                            : BROOD_E_IO;
    return brood_fail(code, "%s: %s", what, strerror_r(errnum, reason, sizeof reason));
}
