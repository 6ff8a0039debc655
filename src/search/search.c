/* A search made, ended and listed. */
#include "brood/search/search.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "brood/math/function.h"
#include "core.h"

#define RNG_ALGORITHM "philox4x32-10"

static const brood_strategy_t *find_strategy(brood_strategy_name_t name) {
    switch (name) {
    case BROOD_STRATEGY_REINFORCE:
        return &brood_strategy_reinforce;
    case BROOD_STRATEGY_RANDOM:
        return &brood_strategy_random;
    case BROOD_STRATEGY_LIST:
        return &brood_strategy_list;
    }
    return NULL;
}

static const void *strategy_config(const brood_search_t *search, const brood_reinforce_config_t *reinforce) {
    switch ((brood_strategy_name_t)search->config.strategy) {
    case BROOD_STRATEGY_REINFORCE:
        return reinforce;
    case BROOD_STRATEGY_LIST:
        return &search->config.list;
    case BROOD_STRATEGY_RANDOM:
        break;
    }
    return NULL;
}

/* calloc, with all that went wrong before remembered in *err. */
static void *room(brood_err_t *err, int64_t count, size_t size) {
    if (*err != BROOD_OK) return NULL;
    void *memory = calloc(count > 0 ? (size_t)count : 1, size);
    if (!memory) *err = brood_fail(BROOD_E_MEMORY, "out of memory for %lld x %zu bytes", (long long)count, size);
    return memory;
}

static void draws_init(draws_t *draws, int64_t capacity, int64_t positions, int64_t choices, brood_err_t *err) {
    draws->episode = room(err, capacity, sizeof *draws->episode);
    draws->attempt = room(err, capacity, sizeof *draws->attempt);
    draws->key = room(err, capacity, sizeof *draws->key);
    draws->batch.key = draws->key;
    draws->batch.tokens = room(err, capacity * positions, sizeof *draws->batch.tokens);
    draws->batch.log_p = room(err, capacity * positions, sizeof *draws->batch.log_p);
    draws->batch.entropy = room(err, capacity, sizeof *draws->batch.entropy);
    draws->batch.probability = room(err, capacity * positions * choices, sizeof *draws->batch.probability);
    draws->proposals.text = room(err, capacity, sizeof *draws->proposals.text);
    draws->proposals.episode = draws->episode;
    draws->proposals.attempt = draws->attempt;
    draws->proposals.out = &draws->batch;
}

static void draws_fini(draws_t *draws) {
    free(draws->episode);
    free(draws->attempt);
    free(draws->key);
    free(draws->batch.tokens);
    free(draws->batch.log_p);
    free(draws->batch.entropy);
    free(draws->batch.probability);
    free(draws->proposals.text);
}

static brood_err_t make_room(brood_search_t *search) {
    brood_err_t err = BROOD_OK;
    int64_t     positions = search->positions, choices = search->choices, round = search->config.round;
    draws_init(&search->round, round, positions, choices, &err);
    draws_init(&search->again, 1, positions, choices, &err);
    search->given_tokens = room(&err, positions, sizeof *search->given_tokens);
    search->given_log_p = room(&err, positions, sizeof *search->given_log_p);
    search->mean = room(&err, positions * choices, sizeof *search->mean);
    search->learns = room(&err, round, sizeof *search->learns);
    search->advantage = room(&err, round, sizeof *search->advantage);
    search->spec = room(&err, 1, sizeof *search->spec);
    if (err != BROOD_OK) return err;
    for (int64_t t = 0; t < positions; t++) search->given_log_p[t] = brood_nan();
    return BROOD_OK;
}

/* Given architectures must be what the strategy could have drawn. */
static brood_err_t check_given(brood_search_t *search) {
    const brood_texts_t *start = &search->config.start;
    for (int64_t i = 0; i < start->count; i++) {
        char            canonical[BROOD_MAX_TEXT];
        brood_measure_t measure;
        bool            exists;
        brood_err_t     err = brood_space_parse(search->space, start->text[i], search->given_tokens, canonical);
        if (err == BROOD_E_DATA) return brood_because(BROOD_E_CONFIG, "strategy.start");
        if (err != BROOD_OK) return err;
        for (int64_t t = 0; t < search->positions; t++) {
            brood_decision_t decision;
            brood_space_decision(search->space, search->given_tokens, t, &decision);
            if (decision.choices > 0 && search->given_tokens[t] < 0)
                return brood_fail(BROOD_E_CONFIG,
                                  "strategy.start: \"%s\" lies outside the search space (%s%s); name architectures "
                                  "of the space, or widen it",
                                  start->text[i], t == 0 ? "its number of layers, or its " : "its ",
                                  brood_space_kind_name(search->space, decision.kind));
        }
        err = search_measure(search, canonical, &measure, &exists);
        if (err != BROOD_OK) return err;
        if (!exists) return brood_because(BROOD_E_CONFIG, "strategy.start: \"%s\"", start->text[i]);
    }
    return BROOD_OK;
}

static brood_err_t check_limit(const char *key, int64_t limit, int64_t least) {
    if (limit == 0 || limit >= least) return BROOD_OK;
    return brood_fail(BROOD_E_CONFIG, "%s: %lld is below the %lld of the smallest network of the space; raise it", key,
                      (long long)limit, (long long)least);
}

/* A search that refuses everything is a mistake. A list knows of no limits but its own. */
static brood_err_t check_limits(const brood_search_t *search) {
    const brood_search_config_t *config = &search->config;
    brood_measure_t              least, most;
    if (!config->limits.parameters && !config->limits.flops && !config->limits.bytes) return BROOD_OK;
    if (config->strategy == BROOD_STRATEGY_LIST) return BROOD_OK;
    brood_err_t err = brood_space_range(search->space, search->minibatch, &least, &most);
    if (err == BROOD_OK) err = check_limit("limits.parameters", config->limits.parameters, least.parameters);
    if (err == BROOD_OK) err = check_limit("limits.flops", config->limits.flops, least.flops);
    if (err == BROOD_OK) err = check_limit("limits.bytes", config->limits.bytes, least.bytes);
    return err;
}

static brood_err_t make_strategy(brood_search_t *search, const brood_reinforce_config_t *reinforce) {
    brood_isa_t isa;
    brood_err_t err = brood_isa_choose(&isa);
    if (err == BROOD_OK) err = brood_math_create(BROOD_NUMERICS_PORTABLE, isa, 1, &search->math);
    if (err != BROOD_OK) return err;
    search->strategy = find_strategy((brood_strategy_name_t)search->config.strategy);
    if (!search->strategy)
        return brood_fail(BROOD_E_BUG, "strategy.name: number %d is none", (int)search->config.strategy);
    brood_strategy_setup_t setup = {.config = strategy_config(search, reinforce),
                                    .space = search->space,
                                    .math = search->math,
                                    .seed = (uint64_t)search->config.seed,
                                    .round = search->config.round};
    return search->strategy->create(&setup, &search->self);
}

brood_err_t brood_search_create(const brood_search_setup_t *setup, brood_search_t **search) {
    brood_err_t     err = BROOD_OK;
    brood_search_t *made = calloc(1, sizeof *made);
    *search = made;
    if (!made) return brood_fail(BROOD_E_MEMORY, "out of memory for the search");
    made->config = *setup->config;
    made->space = setup->space;
    made->minibatch = setup->minibatch;
    made->positions = brood_space_length(setup->space);
    made->choices = brood_space_choices(setup->space);
    BROOD_TRY(brood_history_create(made->positions, made->choices, setup->epochs, &made->history));
    BROOD_TRY(make_room(made));
    BROOD_TRY(check_given(made));
    BROOD_TRY(check_limits(made));
    BROOD_TRY(make_strategy(made, setup->reinforce));
done:
    if (err != BROOD_OK) brood_search_destroy(search);
    return err;
}

void brood_search_destroy(brood_search_t **search) {
    brood_search_t *old = *search;
    if (!old) return;
    if (old->self) old->strategy->destroy(&old->self);
    brood_math_destroy(&old->math);
    brood_history_destroy(&old->history);
    draws_fini(&old->round);
    draws_fini(&old->again);
    free(old->given_tokens);
    free(old->given_log_p);
    free(old->mean);
    free(old->learns);
    free(old->advantage);
    free(old->spec);
    free(old->place);
    free(old);
    *search = NULL;
}

const brood_history_t *brood_search_history(const brood_search_t *search) {
    return search->history;
}

static void add_rng_fields(brood_search_t *search, brood_fields_t *fields) {
    snprintf(search->rng.algorithm, sizeof search->rng.algorithm, "%s", RNG_ALGORITHM);
    search->rng.seed = search->config.seed;
    search->rng.episode = brood_history_episodes(search->history);
    const brood_field_t rng[] = {
        {.group = "/rng",
         .name = "algorithm",
         .label = "Generator of random numbers",
         .doc = "Counter-based: every number is a function of the seed, what it is for, the episode and its place in "
                "the stream, so that no other state is kept.",
         .type = BROOD_TYPE_TEXT,
         .base = search->rng.algorithm,
         .text_size = sizeof search->rng.algorithm},
        {.group = "/rng",
         .name = "seed",
         .label = "Seed",
         .unit = "1",
         .doc = "The seed of all random numbers of the run: run.seed.",
         .type = BROOD_TYPE_I64,
         .base = &search->rng.seed},
        {.group = "/rng",
         .name = "episode",
         .label = "Next episode",
         .unit = "1",
         .doc = "The counter: number of the episode that is sampled next, all before it having been drawn.",
         .type = BROOD_TYPE_I64,
         .base = &search->rng.episode}};
    for (size_t i = 0; i < sizeof rng / sizeof rng[0]; i++) brood_fields_add(fields, &rng[i]);
}

brood_err_t brood_search_fields(brood_search_t *search, brood_fields_t *fields) {
    brood_err_t err = brood_history_fields(search->history, fields);
    if (err != BROOD_OK) return err;
    search->strategy->fields(search->self, fields);
    add_rng_fields(search, fields);
    return brood_fields_error(fields);
}

brood_err_t search_check_rng(const brood_search_t *search) {
    if (strncmp(search->rng.algorithm, RNG_ALGORITHM, sizeof search->rng.algorithm) != 0)
        return brood_fail(BROOD_E_FORMAT, "/rng/algorithm: found \"%.*s\", expected \"%s\"",
                          (int)sizeof search->rng.algorithm, search->rng.algorithm, RNG_ALGORITHM);
    if (search->rng.seed != search->config.seed)
        return brood_fail(BROOD_E_FORMAT, "/rng/seed: found %lld, expected the configuration's run.seed %lld",
                          (long long)search->rng.seed, (long long)search->config.seed);
    if (search->rng.episode != brood_history_episodes(search->history))
        return brood_fail(BROOD_E_FORMAT, "/rng/episode: found %lld, expected the %lld rows of /episodes",
                          (long long)search->rng.episode, (long long)brood_history_episodes(search->history));
    return BROOD_OK;
}
