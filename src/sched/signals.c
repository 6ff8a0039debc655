#include "brood/sched/signals.h"

#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "brood/util/limits.h"

static volatile sig_atomic_t seen = BROOD_SIGNAL_NONE;
static struct timespec       first; /* written before `seen`, and never again */
static struct timespec       first_interrupt;

static void handle(int number) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now); /* may be called in a handler: signal-safety(7) */
    if (seen == BROOD_SIGNAL_NONE) {
        first = now;
        seen = number == SIGINT ? BROOD_SIGNAL_INTERRUPT : BROOD_SIGNAL_STOP;
    }
    if (number != SIGINT) return;
    if (first_interrupt.tv_sec == 0) {
        first_interrupt = now;
    } else if (now.tv_sec > first_interrupt.tv_sec + 1 ||
               (now.tv_sec == first_interrupt.tv_sec + 1 && now.tv_nsec >= first_interrupt.tv_nsec)) {
        signal(SIGINT, SIG_DFL);
        raise(SIGINT);
    }
}

/* Two lines, so that a fault amid the writing of one finds the other whole. */
static char                  doing[2][BROOD_MAX_TEXT + 256];
static volatile sig_atomic_t doing_now;
static struct sigaction      before_fault[NSIG];

static void write_all(const char *text) {
    size_t left = strlen(text);
    while (left > 0) {
        ssize_t written = write(STDERR_FILENO, text, left);
        if (written <= 0) return;
        text += written;
        left -= (size_t)written;
    }
}

/* Then whoever handled it before: MPI prints where it happened, the system's own way ends the process. */
static void handle_fault(int number) {
    if (doing[doing_now][0]) {
        write_all("brood: error: this rank dies of a fault (SIGSEGV, SIGBUS, SIGILL or SIGFPE) in ");
        write_all(doing[doing_now]);
        write_all("\n");
    }
    sigaction(number, &before_fault[number], NULL);
    raise(number);
}

static void install_for_faults(void) {
    static const int numbers[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE};
    struct sigaction action = {.sa_handler = handle_fault};
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        sigaction(numbers[i], &action, &before_fault[numbers[i]]);
}

void brood_signals_doing(const char *format, ...) {
    static bool installed;
    int         next = !doing_now;
    va_list     arguments;
    if (!installed) install_for_faults();
    installed = true;
    va_start(arguments, format);
    vsnprintf(doing[next], sizeof doing[next], format, arguments);
    va_end(arguments);
    doing_now = next;
}

void brood_signals_install(void) {
    static const int numbers[] = {SIGUSR1, SIGTERM, SIGINT};
    struct sigaction action = {.sa_handler = handle, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) sigaddset(&action.sa_mask, numbers[i]);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) sigaction(numbers[i], &action, NULL);
    signal(SIGPIPE, SIG_IGN); /* who reads the log may leave: the children stay */
}

brood_signal_t brood_signals_seen(double *seconds) {
    if (seconds) *seconds = (double)first.tv_sec + 1e-9 * (double)first.tv_nsec;
    return (brood_signal_t)seen;
}

bool brood_signals_by_person(void) {
    const char *path = getenv("BROOD_LISTENING");
    FILE       *file = path && *path ? fopen(path, "r") : NULL;
    bool        person = file && fgetc(file) == 'I';
    if (file) fclose(file);
    return person;
}
