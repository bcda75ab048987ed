/* Every size limit of the product, in one place. */
#ifndef CS_BASE_LIMITS_H
#define CS_BASE_LIMITS_H

enum {
    LIMIT_ID = 16,              /* bytes of a party, campaign, contract or statement id */
    LIMIT_SEED_CONTRACTS = 512, /* logs that one seed of the lead score is made of */
    LIMIT_TOUCHES = 10,         /* click ids considered for one lead, and kept in cookie and tag */
    LIMIT_SUBS = 5,             /* sub1..sub5 */
    LIMIT_UTMS = 5,             /* utm_source, medium, campaign, term, content */
    LIMIT_PARAM = 256,          /* bytes of one sub or utm value after decoding; longer ones are cut at a character */
    LIMIT_DEEP_LINK = 1024,     /* bytes of `to` */
    LIMIT_URL = 2048,           /* bytes of a landing URL */
    LIMIT_USER_AGENT = 512,     /* bytes kept; longer ones are cut */
    LIMIT_IP = 45,              /* bytes of an address as text */
    LIMIT_TXID = 128,           /* bytes of txid */
    LIMIT_FIELD = 512,          /* bytes of one contact or form field */
    LIMIT_FIELD_NAME = 64,      /* bytes of NAME in f_NAME */
    LIMIT_FIELDS = 32,          /* f_NAME fields of one lead */
    LIMIT_RULES = 32,           /* profile rules of one campaign */
    LIMIT_PASS = 32,            /* names in `pass` */
    LIMIT_TIERS = 64,           /* price tiers of one contract */
    LIMIT_WAITING = 8,          /* terms versions of one contract that wait for their time */
    LIMIT_NOTICE_DAYS = 731,    /* how far ahead a change of terms may be made */
    LIMIT_VALUES = 64,          /* values in one `in` list */
    LIMIT_NONCE_MIN = 16,
    LIMIT_NONCE_MAX = 64,
    LIMIT_TARGET = 8192, /* bytes of a request target */
    LIMIT_HEAD = 16384,  /* bytes of a request head */
    LIMIT_HEAD_TRACKING =
        65536,                 /* of a click or pixel: visitors bring large cookies, advertising platforms long links */
    LIMIT_BODY = 65536,        /* bytes of a request body */
    LIMIT_BODY_ROWS = 2 << 20, /* bytes of one with many rows */
    LIMIT_BODY_SHEET = 8 << 20, /* bytes of a party's own rows, to be reconciled */
    LIMIT_READ_RATE = 1024,     /* bytes a second that who reads an answer must take, or it is closed under them */
    LIMIT_ENTRY = 49152,        /* bytes of one ledger entry: a tlog-tiles bundle prefixes each with a uint16 */
    LIMIT_DOCUMENT = 24000,     /* bytes of a campaign or contract document: both of them fit one entry */
    LIMIT_LABEL = 200,          /* bytes of names and labels */
    LIMIT_PARTY_JWS = 4096,     /* bytes of a compact JWS that shows a party's key */
    LIMIT_LIST = 200,           /* rows of one answer of a list */
    LIMIT_RETURN_DAYS = 365,
    /* files of a mirror, which strangers write: what a server can have made is smaller */
    LIMIT_NOTE = 8192, /* bytes of a checkpoint note: two names of a URL's length, size, root, signature */
    LIMIT_HEAD_LINE = 2 * LIMIT_NOTE, /* bytes of one with its leaf, as JSON */
    LIMIT_WITNESSED =
        16384,          /* bytes of one with cosignatures: 32 more lines of a name of a URL's length and 104 more */
    LIMIT_JWKS = 16384, /* bytes of the statement keys: 64 of less than 256 bytes */
    LIMIT_CLICK_KEYS = 8192,                   /* bytes of a contract's click keys: 64 of less than 96 bytes */
    LIMIT_LOG_KEY = 4096,                      /* bytes of one line of it: a name of a URL's length, and a key */
    LIMIT_LOG_KEYS = 32 * (LIMIT_LOG_KEY + 1), /* bytes of log/keys, a newline behind each */
    LIMIT_OPENING = 128 << 10, /* bytes of one opening: LIMIT_FIELDS and contact fields, each byte escaped */
    LIMIT_LINE_ITEM =
        8192, /* bytes of a statement's line item: numbers, words, and texts of which each byte may take six */
    LIMIT_STATEMENT = 65536, /* bytes of a signed statement without adjustments */
    LIMIT_ADJUSTMENT = 256   /* bytes of one adjustment or quantity, in base64: five numbers and a word */
};

#define POSTBACK_WINDOW_S 300
#define UTC_OFFSET_MAX_S ((int64_t)26 * 3600)    /* of a time zone either way, RFC 9636 */
#define JSON_INT_MAX ((int64_t)9007199254740991) /* 2^53-1, RFC 8785 and RFC 7493 */

#endif
