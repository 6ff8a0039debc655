#include "simulator.h"

#include <math.h>
#include <stdio.h>

#include "brood/util/hash.h"

void fixture_shipped(fixture_t *fixture, const char *const set[]) {
    const brood_section_t sections[] = {{brood_space_keys, brood_space_key_count, &fixture->space_config},
                                        {brood_search_keys, brood_search_key_count, &fixture->config},
                                        {brood_policy_keys, brood_policy_key_count, &fixture->reinforce.policy},
                                        {brood_reinforce_keys, brood_reinforce_key_count, &fixture->reinforce}};
    const int64_t         image[3] = {6, 6, 1};
    memset(fixture, 0, sizeof *fixture);
    brood_err_t err = brood_config_read(NULL, set, sections, 4);
    if (err == BROOD_OK) err = brood_space_create(&fixture->space_config, image, 3, &fixture->space);
    if (err != BROOD_OK) fail_msg("%s", brood_message());
}

void fixture_init(fixture_t *fixture, const char *const set[]) {
    enum { SMALL = 9, MOST = 32 };
    const char *all[MOST + 1] = {
        "space.layers=2",      "space.kernel_size=[1, 3]", "space.filters=[2, 3, 5]", "space.stride=[1]",
        "space.pool_size=[1]", "space.dropout=[0]",        "policy.units=6",          "run.round=4",
        "run.episodes=24"};
    int count = SMALL;
    for (int i = 0; set && set[i]; i++) {
        /* What a test sets stands in place of what is set here. */
        size_t key = (size_t)(strchr(set[i], '=') - set[i]) + 1;
        int    at = 0;
        while (at < count && strncmp(all[at], set[i], key) != 0) at++;
        assert_true(at < MOST);
        all[at] = set[i];
        if (at == count) count++;
    }
    fixture_shipped(fixture, all);
}

void fixture_fini(fixture_t *fixture) {
    brood_space_destroy(&fixture->space);
}

static brood_err_t create(const fixture_t *fixture, brood_search_t **search) {
    brood_search_setup_t setup = {.config = &fixture->config,
                                  .reinforce = &fixture->reinforce,
                                  .space = fixture->space,
                                  .minibatch = 10,
                                  .epochs = SIMULATED_EPOCHS};
    return brood_search_create(&setup, search);
}

brood_search_t *search_of(const fixture_t *fixture) {
    brood_search_t *search;
    if (create(fixture, &search) != BROOD_OK) fail_msg("%s", brood_message());
    return search;
}

brood_result_t simulated_result(const brood_task_t *task, brood_epoch_t curve[]) {
    brood_key4_t architecture = brood_key4(brood_hash_text(task->architecture), BROOD_PURPOSE_LANDSCAPE, 0, 0, 0);
    brood_key4_t luck = brood_key4(1, BROOD_PURPOSE_NOISE, task->episode, 0, 0);
    double       accuracy = 0.4 + 0.4 * brood_random_uniform(&architecture, 0) + 0.02 * brood_random_uniform(&luck, 0);
    bool         diverges = brood_random_below(&luck, 1, 10) == 0;
    int64_t      epochs = 1 + brood_random_below(&luck, 2, SIMULATED_EPOCHS);
    for (int64_t i = 0; i < epochs; i++)
        curve[i] = (brood_epoch_t){.accuracy = (float)(accuracy - 0.01 * (double)(epochs - 1 - i)),
                                   .loss = (float)(1 - accuracy),
                                   .training_loss = diverges ? NAN : 0.5f};
    return (brood_result_t){.status = diverges ? BROOD_STATUS_DIVERGED : BROOD_STATUS_DONE,
                            .steps = 10 * epochs,
                            .accuracy = diverges ? NAN : accuracy,
                            .loss = 1 - accuracy,
                            .training_loss = 0.5,
                            .test_accuracy = NAN,
                            .epochs = epochs,
                            .curve = curve};
}

static void check_order(const brood_search_t *search, const fixture_t *fixture) {
    const brood_history_t *history = brood_search_history(search);
    int64_t                after = brood_history_updates(history), goal = brood_search_goal(&fixture->config);
    if (fixture->config.strategy == BROOD_STRATEGY_LIST && after < goal) after = goal; /* nothing is waited for */
    assert_int_equal(brood_history_rounds(history), after + fixture->config.lag + 1);
    assert_int_equal(brood_history_episodes(history), brood_history_rounds(history) * fixture->config.round);
}

int64_t advance(brood_search_t *search) {
    int64_t calls = 0;
    for (bool more = true; more; calls++) {
        int64_t told = brood_history_updates(brood_search_history(search));
        assert_int_equal(brood_search_advance(search, &more), BROOD_OK);
        assert_true(brood_history_updates(brood_search_history(search)) <= told + 1);
    }
    return calls;
}

void simulate(brood_search_t *search, const fixture_t *fixture, const job_t *job) {
    enum { MOST_RANKS = 64, MOST_EPISODES = 4096 };
    brood_task_t task[MOST_RANKS];
    char         text[MOST_RANKS][BROOD_MAX_TEXT];
    bool         out[MOST_EPISODES] = {false};
    int64_t      busy = 0, results = 0;
    brood_key4_t luck = brood_key4(job->seed, BROOD_PURPOSE_BENCH, 0, 0, 0);
    uint32_t     draws = 0;
    bool         due = false;
    assert_true(job->ranks <= MOST_RANKS);
    assert_int_equal(brood_search_advance(search, &due), BROOD_OK);
    check_order(search, fixture);
    while (!brood_search_complete(search) && results != job->results) {
        /* A rank that is free takes a task, or one that is not comes back; the update may be late. */
        bool takes = busy < job->ranks && (busy == 0 || brood_random_below(&luck, draws++, 2));
        if (takes && brood_search_next(search, &task[busy])) {
            int64_t episode = task[busy].episode;
            assert_true(episode < MOST_EPISODES && !out[episode]);
            assert_true(episode / fixture->config.round <
                        (fixture->config.episodes + fixture->config.round - 1) / fixture->config.round);
            out[episode] = true;
            /* The text outlives an advance here, as it does in a message to a rank. */
            snprintf(text[busy], sizeof text[busy], "%s", task[busy].architecture);
            busy++;
            continue;
        }
        if (busy > 0) {
            int64_t       rank = brood_random_below(&luck, draws++, busy);
            brood_epoch_t curve[SIMULATED_EPOCHS];
            task[rank].architecture = text[rank];
            if (brood_random_below(&luck, draws++, 20) == 0) { /* a rank that gives its task back */
                brood_search_return(search, task[rank].episode);
            } else {
                brood_result_t result = simulated_result(&task[rank], curve);
                assert_int_equal(brood_search_record(search, task[rank].episode, &result), BROOD_OK);
                results++;
            }
            out[task[rank].episode] = false;
            busy--;
            task[rank] = task[busy];
            memcpy(text[rank], text[busy], sizeof text[rank]);
            due = true;
        } else {
            assert_true(due); /* nothing is out and nothing to do: an update must be due */
        }
        if (busy == 0 || brood_random_below(&luck, draws++, 3) == 0) {
            assert_int_equal(brood_search_advance(search, &due), BROOD_OK);
            check_order(search, fixture);
        }
    }
}

void transfer(brood_search_t *search, brood_search_t *fresh) {
    brood_fields_t         from, to;
    const brood_history_t *history = brood_search_history(search);
    brood_fields_init(&from);
    brood_fields_init(&to);
    assert_int_equal(brood_search_fields(search, &from), BROOD_OK);
    const brood_field_t *values = brood_fields_find(&from, "/curves", "accuracy");
    assert_non_null(values);
    assert_int_equal(brood_search_reserve(fresh, brood_history_episodes(history), brood_history_rounds(history),
                                          brood_history_updates(history), values->shape[0]),
                     BROOD_OK);
    assert_int_equal(brood_search_fields(fresh, &to), BROOD_OK);
    copy_fields(&from, &to);
    brood_fields_fini(&from);
    brood_fields_fini(&to);
}

brood_search_t *restarted(brood_search_t **search, const fixture_t *fixture) {
    brood_search_t *fresh = search_of(fixture);
    transfer(*search, fresh);
    if (brood_search_restore(fresh) != BROOD_OK) fail_msg("%s", brood_message());
    brood_search_destroy(search);
    return fresh;
}

brood_bytes_t content_of(brood_search_t *search) {
    brood_bytes_t  bytes;
    brood_fields_t fields;
    brood_bytes_init(&bytes);
    brood_fields_init(&fields);
    assert_int_equal(brood_search_fields(search, &fields), BROOD_OK);
    append_fields(&bytes, &fields);
    brood_fields_fini(&fields);
    return bytes;
}

void assert_same_content(brood_search_t *a, brood_search_t *b) {
    brood_bytes_t bytes_a = content_of(a), bytes_b = content_of(b);
    assert_int_equal(bytes_a.size, bytes_b.size);
    assert_memory_equal(bytes_a.data, bytes_b.data, bytes_a.size);
    brood_bytes_fini(&bytes_a);
    brood_bytes_fini(&bytes_b);
}
