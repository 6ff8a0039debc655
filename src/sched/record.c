#include "record.h"

brood_err_t record_fields(const brood_sched_coordinator_t *with, brood_fields_t *fields) {
    for (int64_t i = 0; i < with->config->count; i++) brood_fields_add(fields, &with->config->field[i]);
    brood_err_t err = brood_search_fields(with->search, fields);
    if (err != BROOD_OK) return err;
    brood_clock_fields(with->clock, fields);
    return brood_fields_error(fields);
}

brood_err_t brood_sched_load(const brood_bytes_t *image, brood_search_t *search, brood_clock_t *clock) {
    brood_fields_t fields;
    int64_t        episodes, rounds_waiting, updates, epochs, clock_episodes, jobs;
    brood_err_t    err = BROOD_OK;
    brood_fields_init(&fields);

    BROOD_TRY(brood_image_rows(image, "/episodes/episode", &episodes));
    BROOD_TRY(brood_image_rows(image, "/updates/update", &updates));
    BROOD_TRY(brood_image_rows(image, "/strategy/asked_probability", &rounds_waiting));
    BROOD_TRY(brood_image_rows(image, "/curves/accuracy", &epochs));
    BROOD_TRY(brood_search_reserve(search, episodes, updates + rounds_waiting, updates, epochs));
    BROOD_TRY(brood_search_fields(search, &fields));

    BROOD_TRY(brood_image_rows(image, "/clock/episodes/rank", &clock_episodes));
    BROOD_TRY(brood_image_rows(image, "/clock/jobs/id", &jobs));
    BROOD_TRY(brood_clock_reserve(clock, clock_episodes, jobs));
    brood_clock_fields(clock, &fields);

    BROOD_TRY(brood_image_read(BROOD_RUN_FORMAT, image, &fields));
    BROOD_TRY(brood_search_restore(search));
    BROOD_TRY(brood_clock_reserve(clock, episodes, jobs));
done:
    brood_fields_fini(&fields);
    return err;
}
