/* As words_table.h: how what differs between two versions of terms is told (terms_diff.h), and in other languages; in
 * the order in which they are tried. */
#ifndef CS_PAGES_WORDS_DIFFERENCES_H
#define CS_PAGES_WORDS_DIFFERENCES_H

/* clang-format off */
#define WORD_TABLE_DIFFERENCES(X) \
    X(DIFF_NONE, "none", "aucun", "无") \
    X(DIFF_YES, "yes", "oui", "是") \
    X(DIFF_NO, "no", "non", "否") \
    X(DIFF_DAY, "{} day", "{} jour", "{} 天") \
    X(DIFF_DAYS, "{} days", "{} jours", "{} 天") \
    X(DIFF_TIER_IN, "{} when {} in {}", "{} si {} est parmi {}", "{}，当 {} 属于 {}") \
    X(DIFF_TIER_IS, "{} when {} is {}", "{} si {} est {}", "{}，当 {} 为 {}") \
    X(DIFF_TIER_FROM, "{} when {} from {} to {}", "{} si {} va de {} à {}", "{}，当 {} 在 {} 至 {} 之间") \
    X(DIFF_TIER_LEAST, "{} when {} at least {}", "{} si {} vaut au moins {}", "{}，当 {} 至少为 {}") \
    X(DIFF_TIER_MOST, "{} when {} at most {}", "{} si {} vaut au plus {}", "{}，当 {} 至多为 {}") \
    X(DIFF_IN, "{} in {}", "{} est parmi {}", "{} 属于 {}") \
    X(DIFF_IS, "{} is {}", "{} est {}", "{} 为 {}") \
    X(DIFF_FROM, "{} from {} to {}", "{} va de {} à {}", "{} 在 {} 至 {} 之间") \
    X(DIFF_LEAST, "{} at least {}", "{} vaut au moins {}", "{} 至少为 {}") \
    X(DIFF_MOST, "{} at most {}", "{} vaut au plus {}", "{} 至多为 {}")
/* clang-format on */

#endif
