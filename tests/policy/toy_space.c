#include "toy_space.h"

#include <stdlib.h>
#include <string.h>

struct brood_space {
    int64_t length, choices, kinds;
    void (*decision)(const int32_t tokens[], int64_t t, brood_decision_t *decision);
};

static void alike(const int32_t tokens[], int64_t t, brood_decision_t *decision) {
    (void)tokens;
    *decision = (brood_decision_t){.kind = (int32_t)(t % 2), .choices = t % 2 ? 4 : 3, .anchor = -1};
}

static void ragged(const int32_t tokens[], int64_t t, brood_decision_t *decision) {
    static const brood_decision_t a = {0, 3, -1}, b = {1, 2, -1}, c = {2, 4, -1}, half_c = {2, 2, -1}, end = {0, 0, -1};
    switch (t) {
    case 0:
        *decision = a;
        break;
    case 1:
        *decision = tokens[0] == 1 ? half_c : b;
        break;
    case 2:
        *decision = tokens[1] == 1 ? end : c;
        break;
    case 3:
        *decision = tokens[2] == 3 ? end : tokens[0] == 0 ? b : a;
        break;
    default:
        *decision = c;
        break;
    }
}

static void sly(const int32_t tokens[], int64_t t, brood_decision_t *decision) {
    *decision = (brood_decision_t){.kind = 0, .choices = t == 1 && tokens[0] == 1 ? 3 : 2, .anchor = -1};
}

const brood_space_t toy_alike = {5, 4, 2, alike};
const brood_space_t toy_ragged = {5, 4, 3, ragged};
const brood_space_t toy_sly = {2, 3, 1, sly};

int64_t brood_space_length(const brood_space_t *space) {
    return space->length;
}

int64_t brood_space_choices(const brood_space_t *space) {
    return space->choices;
}

int64_t brood_space_kinds(const brood_space_t *space) {
    return space->kinds;
}

const char *brood_space_kind_name(const brood_space_t *space, int64_t kind) {
    static const char *const name[] = {"kernel size", "filters", "pool size"};
    (void)space;
    return name[kind];
}

void brood_space_decision(const brood_space_t *space, const int32_t tokens[], int64_t t, brood_decision_t *decision) {
    space->decision(tokens, t, decision);
}

/* Appends all sequences that begin with row[0 … t). */
static int64_t enumerate(const brood_space_t *space, int32_t row[], int64_t t, int64_t count, int32_t *out) {
    brood_decision_t decision = {0};
    if (t < space->length) space->decision(row, t, &decision);
    if (decision.choices == 0) {
        for (int64_t i = 0; i < space->length && out; i++) out[count * space->length + i] = i < t ? row[i] : -1;
        return count + 1;
    }
    for (int32_t token = 0; token < decision.choices; token++) {
        row[t] = token;
        count = enumerate(space, row, t + 1, count, out);
    }
    return count;
}

int64_t toy_enumerate(const brood_space_t *space, int32_t **tokens) {
    int32_t row[BROOD_MAX_POSITIONS];
    int64_t count = enumerate(space, row, 0, 0, NULL);
    *tokens = malloc((size_t)(count * space->length) * sizeof **tokens);
    if (!*tokens) abort();
    return enumerate(space, row, 0, 0, *tokens);
}
