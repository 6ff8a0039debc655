/* cmocka.h with what it must be preceded by, and the random numbers of property tests. */
#ifndef BROOD_TESTS_UTIL_CMOCKA_ALL_H
#define BROOD_TESTS_UTIL_CMOCKA_ALL_H

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* xorshift64* (Marsaglia 2003; Vigna 2016): the same cases on every machine. */
static inline uint64_t random_bits(uint64_t *state) {
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * UINT64_C(0x2545F4914F6CDD1D);
}

/* That the program ends itself there, as it does where it contradicts itself. */
static inline void assert_aborts(void (*misuse)(void)) {
    int   status = 0;
    pid_t child = fork();
    if (child == 0) {
        if (!freopen("/dev/null", "w", stderr)) _exit(1);
        misuse();
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

#endif
