#include "brood/sched/signals.h"

#include <signal.h>
#include <stddef.h>
#include <time.h>

static volatile sig_atomic_t seen = BROOD_SIGNAL_NONE;
static struct timespec       first; /* written before `seen`, and never again */

static void handle(int number) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now); /* may be called in a handler: signal-safety(7) */
    if (seen == BROOD_SIGNAL_NONE) {
        first = now;
        seen = number == SIGINT ? BROOD_SIGNAL_INTERRUPT : BROOD_SIGNAL_STOP;
    } else if (number == SIGINT && seen == BROOD_SIGNAL_INTERRUPT &&
               (now.tv_sec > first.tv_sec + 1 || (now.tv_sec == first.tv_sec + 1 && now.tv_nsec >= first.tv_nsec))) {
        signal(SIGINT, SIG_DFL);
        raise(SIGINT);
    }
}

void brood_signals_install(void) {
    static const int numbers[] = {SIGUSR1, SIGTERM, SIGINT};
    struct sigaction action = {.sa_handler = handle, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) sigaddset(&action.sa_mask, numbers[i]);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) sigaction(numbers[i], &action, NULL);
}

brood_signal_t brood_signals_seen(double *seconds) {
    if (seconds) *seconds = (double)first.tv_sec + 1e-9 * (double)first.tv_nsec;
    return (brood_signal_t)seen;
}
