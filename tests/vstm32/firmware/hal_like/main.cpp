// A shell of a few commands, with C++ objects that exist before main().
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>
#include "device.h"

namespace {

struct Command {
    virtual ~Command() = default;
    virtual bool run(const char *line) = 0;
};

std::vector<Command *> &commands()
{
    static std::vector<Command *> all;
    return all;
}

struct Registered : Command {
    Registered() { commands().push_back(this); }
};

struct Ticks : Registered {
    bool run(const char *line) override
    {
        if (std::strcmp(line, "ticks") != 0) {
            return false;
        }
        uint32_t before = ticks();
        delay(20);
        std::printf("ticks %lu\n", static_cast<unsigned long>(ticks() - before));
        return true;
    }
} ticks_command;

struct Malloc : Registered {
    bool run(const char *line) override
    {
        unsigned size;
        if (std::sscanf(line, "malloc %u", &size) != 1) {
            return false;
        }
        auto *bytes = static_cast<uint8_t *>(std::malloc(size));
        if (bytes == nullptr) {
            std::printf("malloc %u: no memory\n", size);
            return true;
        }
        unsigned sum = 0;
        for (unsigned index = 0; index < size; index++) {
            bytes[index] = static_cast<uint8_t>(index);
        }
        for (unsigned index = 0; index < size; index++) {
            sum += bytes[index];
        }
        std::printf("malloc %u: sum %u\n", size, sum);
        std::free(bytes);
        return true;
    }
} malloc_command;

struct Words : Registered {
    bool run(const char *line) override
    {
        if (std::strncmp(line, "words ", 6) != 0) {
            return false;
        }
        std::vector<std::string> words;
        std::string rest = line + 6;
        for (char *word = std::strtok(rest.data(), " "); word != nullptr; word = std::strtok(nullptr, " ")) {
            words.insert(words.begin(), word);
        }
        for (const std::string &word : words) {
            std::printf("%s;", word.c_str());
        }
        std::printf("%.3f\n", 1.5 * static_cast<double>(words.size()));
        return true;
    }
} words_command;

}  // namespace

int main()
{
    protect();
    caches();
    init();
    int failed = clock_216();
    serial_open();
    std::printf("ready, step %d, %lu Hz, %u commands\n", failed, static_cast<unsigned long>(core_clock_hz),
                static_cast<unsigned>(commands().size()));
    char line[128];
    for (;;) {
        if (serial_line(line, sizeof line) < 0) {
            __asm volatile("wfi");
            continue;
        }
        std::printf("> %s\n", line);
        bool known = false;
        for (Command *command : commands()) {
            known = known || command->run(line);
        }
        if (!known) {
            std::printf("unknown\n");
        }
    }
}
