#include <math.h>

#include "brood/math/function.h"
#include "core.h"

/* The best of the last epochs; of the whole curve where it is shorter. */
static double best_of_last(const brood_result_t *result, int64_t last) {
    double best = -1; /* below every accuracy */
    for (int64_t i = result->epochs > last ? result->epochs - last : 0; i < result->epochs; i++)
        if ((double)result->curve[i].accuracy > best) best = (double)result->curve[i].accuracy;
    return best >= 0 ? best : result->accuracy;
}

double search_reward(const brood_search_config_t *config, int64_t flops, const brood_result_t *result) {
    double accuracy = result->accuracy;
    if (result->status != BROOD_STATUS_DONE && result->status != BROOD_STATUS_STOPPED) return config->reward.failure;
    switch ((brood_reward_kind_t)config->reward.kind) {
    case BROOD_REWARD_ACCURACY:
        break;
    case BROOD_REWARD_CUBE:
        return accuracy * accuracy * accuracy;
    case BROOD_REWARD_BEST: /* a stopped child has not had its best epochs yet: it counts by where it was stopped */
        return result->status == BROOD_STATUS_DONE ? best_of_last(result, config->reward.last) : accuracy;
    case BROOD_REWARD_FLOPS:
        return accuracy * brood_pow((double)flops / config->reward.target, config->reward.exponent);
    }
    return accuracy;
}
