/* What CoreMark does, in code of our own: a list that is sorted, products of matrices, a machine that reads numbers,
 * and a checksum over all of it.
 */
#include <stddef.h>
#include <stdint.h>

#define NODES 40
#define SIDE 9
#define TURNS 6

struct node {
    struct node *next;
    int16_t key;
    uint16_t data;
};

static struct node nodes[NODES];
static int16_t left[SIDE][SIDE], right[SIDE][SIDE];
static int32_t product[SIDE][SIDE];
volatile uint16_t checksum;

/* CRC-16 of Koopman's polynomial 0xBAAD, bit by bit. */
static uint16_t crc(uint16_t sum, uint32_t value, int bits) {
    for (int bit = 0; bit < bits; ++bit) {
        const uint32_t carry = (sum ^ value) & 1;
        sum >>= 1;
        if (carry) {
            sum ^= 0xBAAD;
        }
        value >>= 1;
    }
    return sum;
}

static struct node *merge(struct node *one, struct node *other) {
    struct node head = {0}, *last = &head;
    while (one != NULL && other != NULL) {
        struct node **const smaller = one->key <= other->key ? &one : &other;
        last->next = *smaller;
        last = *smaller;
        *smaller = last->next;
    }
    last->next = one != NULL ? one : other;
    return head.next;
}

static struct node *sort(struct node *list) {
    if (list == NULL || list->next == NULL) {
        return list;
    }
    struct node *middle = list;
    for (struct node *end = list->next; end != NULL && end->next != NULL; end = end->next->next) {
        middle = middle->next;
    }
    struct node *const rest = middle->next;
    middle->next = NULL;
    return merge(sort(list), sort(rest));
}

static uint16_t lists(uint16_t sum) {
    for (int index = 0; index < NODES; ++index) {
        sum = crc(sum, (uint32_t)index, 8);
        nodes[index] = (struct node){index + 1 < NODES ? &nodes[index + 1] : NULL, (int16_t)sum, (uint16_t)index};
    }
    for (const struct node *node = sort(nodes); node != NULL; node = node->next) {
        sum = crc(sum, node->data, 16);
    }
    return sum;
}

static uint16_t matrices(uint16_t sum) {
    for (int row = 0; row < SIDE; ++row) {
        for (int column = 0; column < SIDE; ++column) {
            left[row][column] = (int16_t)(sum * row - column);
            right[row][column] = (int16_t)(sum + row * column);
        }
    }
    for (int row = 0; row < SIDE; ++row) {
        for (int column = 0; column < SIDE; ++column) {
            int32_t total = 0;
            for (int index = 0; index < SIDE; ++index) {
                const int32_t term = (int32_t)((uint32_t)left[row][index] * (uint32_t)right[index][column]);
                total += (term >> 2 & 0xF) * (term >> 5 & 0x7F);
            }
            product[row][column] = total;
            sum = crc(sum, (uint32_t)total, 32);
        }
    }
    return sum;
}

enum kind { NOTHING, INTEGER, FRACTION, EXPONENT, SCIENTIFIC, WRONG };

static enum kind read_number(const char **text) {
    enum kind kind = NOTHING;
    for (char letter = *(*text)++; letter != ',' && letter != 0; letter = *(*text)++) {
        const int is_digit = letter >= '0' && letter <= '9';
        switch (kind) {
        case NOTHING:
            kind = is_digit || letter == '+' || letter == '-' ? INTEGER : letter == '.' ? FRACTION : WRONG;
            break;
        case INTEGER:
            kind = is_digit ? INTEGER : letter == '.' ? FRACTION : letter == 'e' ? EXPONENT : WRONG;
            break;
        case FRACTION:
            kind = is_digit ? FRACTION : letter == 'e' ? EXPONENT : WRONG;
            break;
        case EXPONENT:
            kind = is_digit || letter == '+' || letter == '-' ? SCIENTIFIC : WRONG;
            break;
        case SCIENTIFIC:
            kind = is_digit ? SCIENTIFIC : WRONG;
            break;
        case WRONG:
            break;
        }
    }
    return kind;
}

static uint16_t numbers(uint16_t sum) {
    static const char text[] = "5012,-874,+122,35.54400,.1234500,5.500e+3,-.123e-2,-87e+832,T0.3e-1F,1e2e3,-,+0.6e-12";
    uint32_t counts[WRONG + 1] = {0};
    for (const char *at = text; at < text + sizeof text;) {
        counts[read_number(&at)] += 1;
    }
    for (int kind = 0; kind <= WRONG; ++kind) {
        sum = crc(sum, counts[kind], 32);
    }
    return sum;
}

void program(void) {
    uint16_t sum = 0;
    for (int turn = 0; turn < TURNS; ++turn) {
        sum = numbers(matrices(lists(sum)));
    }
    checksum = sum;
}
