/* Forward and backward passes as lists of steps, and how threads share them. What a step computes depends on images and
   pieces alone, so that no bit tells which thread made what. */
#include "layer.h"

int64_t brood_one_piece(const brood_net_t *net, const brood_layer_t *layer) {
    (void)net, (void)layer;
    return 1;
}

static void add(brood_pass_t *pass, brood_layer_t *layer, const brood_step_t *step, int64_t group) {
    pass->planned[pass->count] = (brood_planned_t){.layer = layer, .step = step, .group = group, .run = pass->count};
    pass->count++;
    pass->groups = group + 1;
}

/* Steps over images are run together unless one would have so many times more images at a time than another: what they
   exchange then stays in the cache, and small layers still meet images enough for their products. */
#define FEWER 4

static void find_runs(brood_pass_t *pass) {
    brood_planned_t *planned = pass->planned;
    for (int64_t begin = 0, end; begin < pass->count; begin = end) {
        int64_t least = planned[begin].layer->grain, most = least;
        for (end = begin + 1; end < pass->count && planned[end].group == planned[begin].group; end++) {
            int64_t grain = planned[end].layer->grain;
            if (grain / FEWER >= least || most / FEWER >= grain) break;
            if (grain < least) least = grain;
            if (grain > most) most = grain;
        }
        for (int64_t i = begin; i < end; i++) {
            planned[i].run = begin;
            planned[i].grain = least;
        }
    }
}

/* What all layers do before or behind a pass, layer by layer; `which` gives a layer's steps. */
static void add_once(brood_net_t *net, brood_pass_t *pass, const brood_step_t *(*which)(const brood_layer_t *layer)) {
    for (int64_t j = 0, group = pass->groups; j < BROOD_MAX_STEPS; j++, group = pass->groups)
        for (int64_t i = 0; i < net->count; i++) {
            const brood_step_t *step = which(&net->layer[i]);
            if (pass->backward && !net->layer[i].trains) continue;
            if (step[j].run) add(pass, &net->layer[i], &step[j], group);
        }
}

static const brood_step_t *before_forward(const brood_layer_t *layer) {
    return layer->ops->prepare_forward;
}
static const brood_step_t *before_backward(const brood_layer_t *layer) {
    return layer->ops->prepare_backward;
}
static const brood_step_t *behind_backward(const brood_layer_t *layer) {
    return layer->ops->finish_backward;
}

void brood_pass_plan(brood_net_t *net, bool backward, brood_pass_t *pass) {
    *pass = (brood_pass_t){.backward = backward};
    add_once(net, pass, backward ? before_backward : before_forward);
    bool together = false; /* with the step before */
    for (int64_t i = 0; i < net->count; i++) {
        brood_layer_t *layer = &net->layer[backward ? net->count - 1 - i : i];
        if (layer->absorbed || (backward ? !layer->trains : layer->fused)) continue;
        const brood_step_t *step = backward ? layer->ops->backward : layer->ops->forward;
        for (int64_t j = 0; j < BROOD_MAX_STEPS && step[j].run; j++) {
            bool over_images = !step[j].pieces;
            add(pass, layer, &step[j], together && over_images ? pass->groups - 1 : pass->groups);
            together = over_images;
        }
    }
    if (backward) add_once(net, pass, behind_backward);
    find_runs(pass);
}

static void run_step(brood_net_t *net, const brood_pass_t *pass, const brood_planned_t *planned, int64_t thread,
                     int64_t first, int64_t count) {
    bool   timed = net->times && thread == 0;
    double started = timed ? net->now() : 0;
    planned->step->run(net, planned->layer, &net->worker[thread], first, count);
    if (!timed) return;
    brood_layer_time_t *times = &net->times[planned->layer->index];
    *(pass->backward ? &times->backward : &times->forward) += net->now() - started;
}

/* Steps of a run, a block of the part's images after the other; returns where the next run begins. */
static int64_t run_blocks(brood_net_t *net, const brood_pass_t *pass, int64_t begin, int64_t images, int64_t thread) {
    const brood_planned_t *planned = pass->planned;
    int64_t                grain = planned[begin].grain, end = begin;
    while (end < pass->count && planned[end].run == planned[begin].run) end++;
    for (int64_t done = 0, block; done < images; done += block) {
        block = images - done < grain ? images - done : grain;
        for (int64_t i = begin; i < end; i++)
            run_step(net, pass, &planned[i], thread, net->worker[thread].begin + done, block);
    }
    return end;
}

/* Part by part, as threads take them. */
static void run_images(brood_net_t *net, const brood_pass_t *pass, int64_t begin, int64_t end, int64_t thread) {
    brood_team_t   *team = brood_math_team(net->math);
    brood_worker_t *worker = &net->worker[thread];
    int64_t         parts = brood_net_parts(net);
    while ((worker->part = brood_team_take(team, parts, thread)) >= 0) {
        int64_t images = brood_team_share(net->images, parts, worker->part, &worker->begin);
        for (int64_t i = begin; i < end;) i = run_blocks(net, pass, i, images, thread);
    }
}

/* What threads take of a step that goes over pieces: several times for each, so that they end at about the same time.
   A library may round a product by its shape (that of a dense layer's weights is made in pieces): there the cut is the
   same whatever the threads. */
#define TAKEN_BY_EACH 4

static int64_t shares_of(const brood_math_t *math) {
    const int64_t threads = brood_team_threads(brood_math_team(math));
    if (brood_math_numerics(math) == BROOD_NUMERICS_NATIVE) return BROOD_MOST_THREADS;
    return threads > 1 ? TAKEN_BY_EACH * threads : 1;
}

static void run_pieces(brood_net_t *net, const brood_pass_t *pass, int64_t begin, int64_t end, int64_t thread) {
    brood_team_t *team = brood_math_team(net->math);
    int64_t       shares = shares_of(net->math), taken;
    while ((taken = brood_team_take(team, (end - begin) * shares, thread)) >= 0) {
        const brood_planned_t *planned = &pass->planned[begin + taken / shares];
        int64_t                first, count = planned->step->pieces(net, planned->layer);
        count = brood_team_share(count, shares, taken % shares, &first);
        if (count > 0) run_step(net, pass, planned, thread, first, count);
    }
}

typedef struct {
    brood_net_t        *net;
    const brood_pass_t *pass;
} running_t;

static void run_thread(void *self, int64_t thread) {
    const running_t    *running = self;
    brood_net_t        *net = running->net;
    const brood_pass_t *pass = running->pass;
    brood_team_t       *team = brood_math_team(net->math);
    int64_t             end;
    for (int64_t begin = 0; begin < pass->count; begin = end) {
        if (begin > 0) brood_team_meet(team);
        end = begin;
        while (end < pass->count && pass->planned[end].group == pass->planned[begin].group) end++;
        if (!pass->planned[begin].step->pieces)
            run_images(net, pass, begin, end, thread);
        else
            run_pieces(net, pass, begin, end, thread);
    }
}

void brood_pass_run(brood_net_t *net, const brood_pass_t *pass) {
    running_t running = {net, pass};
    brood_team_run(brood_math_team(net->math), run_thread, &running);
}
