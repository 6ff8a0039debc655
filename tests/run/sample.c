#include "sample.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EPISODE "/episodes/episode"

static const char *const status_names[] = {"open", "done", "stopped", "reused"};
const brood_enum_t       sample_status = {.name = "status", .value = status_names, .count = 4};

static void *need(int64_t count, size_t size) {
    void *memory = calloc((size_t)count, size);
    if (!memory && count) abort();
    return memory;
}

static void allocate(sample_t *sample, int64_t episodes) {
    *sample = (sample_t){.episodes = episodes, .updates = episodes / 8};
    const int64_t tokens = episodes * SAMPLE_POSITIONS;
    sample->episode = need(episodes, sizeof *sample->episode);
    sample->tokens = need(tokens, sizeof *sample->tokens);
    sample->log_p = need(tokens, sizeof *sample->log_p);
    for (int i = 0; i < SAMPLE_MORE; i++) sample->more[i] = need(episodes, sizeof *sample->more[i]);
    sample->update = need(sample->updates, sizeof *sample->update);
    sample->probability = need(sample->updates * SAMPLE_POSITIONS * SAMPLE_CHOICES, sizeof *sample->probability);
}

void sample_init(sample_t *sample, int64_t episodes) {
    allocate(sample, episodes);
    for (int64_t e = 0; e < episodes; e++) {
        sample_episode_t *row = &sample->episode[e];
        *row = (sample_episode_t){.episode = e, .round = e / 8, .status = (int32_t)(e % sample_status.count)};
        for (int layer = 0; layer < 3; layer++) {
            size_t used = strlen(row->architecture);
            snprintf(row->architecture + used, sizeof row->architecture - used, "%s%dx%d, %d, 1, %d, 0.%d",
                     layer ? "; " : "", 1 + (int)(e % 5), 3 + layer, 16 * (layer + 1), 1 + (int)(e % 3),
                     (int)(e * 7 % 1000));
        }
        row->reward = e % 4 ? 0.5 + (double)e / 1024 : NAN;
        row->loss = 1.0 / (double)(e + 1);
        for (int64_t t = 0; t < SAMPLE_POSITIONS; t++) {
            sample->tokens[e * SAMPLE_POSITIONS + t] = t < 4 ? (int32_t)((e + t) % SAMPLE_CHOICES) : -1;
            sample->log_p[e * SAMPLE_POSITIONS + t] = -(double)(e + t) / 16;
        }
        for (int i = 0; i < SAMPLE_MORE; i++) sample->more[i][e] = (double)(e * SAMPLE_MORE + i);
    }
    for (int64_t u = 0; u < sample->updates; u++) sample->update[u] = u;
    for (int64_t i = 0; i < sample->updates * SAMPLE_POSITIONS * SAMPLE_CHOICES; i++)
        sample->probability[i] = (float)i / 8;
    for (int64_t t = 0; t < SAMPLE_POSITIONS; t++) sample->position[t] = t;
    for (int64_t k = 0; k < SAMPLE_CHOICES; k++) sample->choice[k] = k;
    for (int i = 0; i < 15; i++) sample->weights[i / 5][i % 5] = (float)i - 7.25f;
    for (int i = 0; i < 7; i++) sample->bits[i] = (uint8_t)(255 - i);
    sample->seed = UINT64_C(0xfedcba9876543210);
    sample->baseline = -0.125;
    strcpy(sample->config, "run.round: 8\nrun.name: \"\xc3\xa9t\xc3\xa9\"\n");
    strcpy(sample->host[0], "node7");
    sample->start[0] = 1.7e9;
    sample->start[1] = NAN;
}

void sample_clear(sample_t *sample) {
    sample_t empty;
    allocate(&empty, sample->episodes);
    sample_fini(sample);
    *sample = empty;
}

void sample_fini(sample_t *sample) {
    free(sample->episode);
    free(sample->tokens);
    free(sample->log_p);
    for (int i = 0; i < SAMPLE_MORE; i++) free(sample->more[i]);
    free(sample->update);
    free(sample->probability);
    *sample = (sample_t){0};
}

/* Columns of /episodes and /updates. */
static void rows(sample_t *s, brood_fields_t *fields) {
    const size_t stride = sizeof *s->episode;
#define COLUMN(member, kind, ...)                                                                                      \
    brood_fields_add(fields, &(brood_field_t){.group = "/episodes",                                                    \
                                              .name = #member,                                                         \
                                              .label = "the " #member,                                                 \
                                              .doc = "Of each episode, its " #member ".",                              \
                                              .type = kind,                                                            \
                                              .ndim = 1,                                                               \
                                              .shape = {s->episodes},                                                  \
                                              .dimension = {EPISODE},                                                  \
                                              .stride = stride,                                                        \
                                              .base = s->episodes ? &s->episode[0].member : NULL,                      \
                                              __VA_ARGS__})
    COLUMN(episode, BROOD_TYPE_I64, .unit = "1");
    COLUMN(round, BROOD_TYPE_I64, .unit = "1");
    COLUMN(status, BROOD_TYPE_ENUM, .members = &sample_status);
    COLUMN(architecture, BROOD_TYPE_TEXT, .text_size = sizeof s->episode->architecture);
    COLUMN(reward, BROOD_TYPE_F64, .unit = "1");
    COLUMN(loss, BROOD_TYPE_F64, .unit = "nat");
#undef COLUMN
    for (int i = 0; i < SAMPLE_MORE; i++) {
        brood_field_t field = {.group = "/episodes",
                               .label = "more",
                               .doc = "One more column.",
                               .unit = "bytes",
                               .type = BROOD_TYPE_F64,
                               .ndim = 1,
                               .shape = {s->episodes},
                               .dimension = {EPISODE},
                               .base = s->more[i]};
        snprintf(field.name, sizeof field.name, "more_%02d", i);
        brood_fields_add(fields, &field);
    }
    brood_fields_add(fields, &(brood_field_t){.group = "/episodes",
                                              .name = "tokens",
                                              .label = "tokens",
                                              .doc = "The decisions; -1 beyond the end.",
                                              .type = BROOD_TYPE_I32,
                                              .ndim = 2,
                                              .shape = {s->episodes, SAMPLE_POSITIONS},
                                              .dimension = {EPISODE, "/position"},
                                              .base = s->tokens});
    brood_fields_add(fields, &(brood_field_t){.group = "/episodes",
                                              .name = "token_log_probability",
                                              .label = "log p",
                                              .doc = "Of each token.",
                                              .unit = "nat",
                                              .type = BROOD_TYPE_F64,
                                              .ndim = 2,
                                              .shape = {s->episodes, SAMPLE_POSITIONS},
                                              .dimension = {EPISODE, "/position"},
                                              .base = s->log_p});
    brood_fields_add(fields, &(brood_field_t){.group = "/updates",
                                              .name = "update",
                                              .label = "update",
                                              .doc = "Its number.",
                                              .type = BROOD_TYPE_I64,
                                              .ndim = 1,
                                              .shape = {s->updates},
                                              .dimension = {"/updates/update"},
                                              .base = s->update});
    brood_fields_add(fields, &(brood_field_t){.group = "/updates",
                                              .name = "choice_probability",
                                              .label = "probability",
                                              .doc = "As sampled.",
                                              .unit = "1",
                                              .type = BROOD_TYPE_F32,
                                              .ndim = 3,
                                              .shape = {s->updates, SAMPLE_POSITIONS, SAMPLE_CHOICES},
                                              .dimension = {"/updates/update", "/position", "/choice"},
                                              .base = s->probability});
}

/* Everything whose size does not grow. */
static void state(sample_t *s, brood_fields_t *fields) {
#define STATE(where, what, kind, count, memory, ...)                                                                   \
    brood_fields_add(fields, &(brood_field_t){.group = where,                                                          \
                                              .name = what,                                                            \
                                              .label = what,                                                           \
                                              .doc = "What it is: " what ".",                                          \
                                              .type = kind,                                                            \
                                              .ndim = (count) > 0,                                                     \
                                              .shape = {count},                                                        \
                                              .base = memory,                                                          \
                                              __VA_ARGS__})
    STATE("", "position", BROOD_TYPE_I64, SAMPLE_POSITIONS, s->position, .dimension = {"/position"});
    STATE("", "choice", BROOD_TYPE_I64, SAMPLE_CHOICES, s->choice, .dimension = {"/choice"});
    STATE("/config", "text", BROOD_TYPE_TEXT, 0, s->config, .text_size = sizeof s->config);
    STATE("/rng", "algorithm", BROOD_TYPE_TEXT, 0, s->algorithm, .text_size = sizeof s->algorithm);
    STATE("/rng", "seed", BROOD_TYPE_U64, 0, &s->seed, .unit = "1");
    STATE("/policy/cell", "bits", BROOD_TYPE_U8, 7, s->bits, .unit = "1");
    STATE("/strategy", "baseline", BROOD_TYPE_F64, 0, &s->baseline, .unit = "1");
    STATE("/clock/jobs", "host", BROOD_TYPE_TEXT, 2, s->host, .text_size = sizeof s->host[0]);
    STATE("/clock/jobs", "start", BROOD_TYPE_F64, 2, s->start, .unit = "s");
#undef STATE
    brood_fields_add(fields, &(brood_field_t){.group = "/policy/cell",
                                              .name = "weights",
                                              .label = "weights",
                                              .doc = "Of the cell.",
                                              .unit = "1",
                                              .type = BROOD_TYPE_F32,
                                              .ndim = 2,
                                              .shape = {3, 5},
                                              .base = s->weights});
    brood_fields_add(fields, &(brood_field_t){.group = "/strategy",
                                              .name = "queue",
                                              .label = "queue",
                                              .doc = "Nothing yet.",
                                              .type = BROOD_TYPE_TEXT,
                                              .ndim = 1,
                                              .shape = {0},
                                              .text_size = 8});
}

void sample_fields(sample_t *sample, brood_fields_t *fields) {
    rows(sample, fields);
    state(sample, fields);
}
