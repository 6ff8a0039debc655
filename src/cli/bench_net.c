#include "bench_net.h"

#include "bench.h"
#include "brood/nn/loss.h"

#define SEED 1

static int64_t pixels_of(const bench_net_t *net) {
    return net->spec.image[0] * net->spec.image[1] * net->spec.image[2];
}

static void take_batch(bench_net_t *net, brood_arena_t *arena) {
    size_t batch = (size_t)net->batch, classes = (size_t)net->spec.classes;
    net->x = brood_arena_take(arena, batch * (size_t)pixels_of(net) * sizeof *net->x);
    net->logits = brood_arena_take(arena, batch * classes * sizeof *net->logits);
    net->dlogits = brood_arena_take(arena, batch * classes * sizeof *net->dlogits);
    net->losses = brood_arena_take(arena, batch * sizeof *net->losses);
    net->labels = brood_arena_take(arena, batch);
}

brood_err_t bench_net_init(bench_net_t *net, brood_math_t *math) {
    brood_arena_t counting = {0};
    size_t        network;
    brood_err_t   err = BROOD_OK;
    BROOD_TRY(brood_net_measure(&net->spec, net->batch, &net->measure));
    BROOD_TRY(brood_net_size(&net->spec, net->batch, math, &network));
    take_batch(net, &counting);
    BROOD_TRY(brood_arena_init(&net->arena, counting.used + network));
    take_batch(net, &net->arena);
    BROOD_TRY(brood_net_create(&net->spec, net->batch, math, &net->arena, &net->net));
    brood_net_initialise(net->net, brood_key4(SEED, BROOD_PURPOSE_CHILD_INIT, 0, 0, 0));
    bench_draw(net->batch * pixels_of(net), net->x);
    for (int64_t i = 0; i < net->batch; i++) net->labels[i] = (uint8_t)(i % net->spec.classes);
done:
    return err;
}

void bench_net_fini(bench_net_t *net) {
    brood_arena_fini(&net->arena);
}

void bench_net_step(bench_net_t *net, int64_t number) {
    brood_key4_t key = brood_key4(SEED, BROOD_PURPOSE_DROPOUT, 0, number, 0);
    brood_net_forward(net->net, net->batch, net->x, true, key, net->logits);
    brood_loss_softmax(net->batch, net->spec.classes, net->logits, net->labels, net->losses, net->dlogits);
    brood_net_backward(net->net, net->dlogits);
}
