// What the file without TENURE_TRACK_HOLDERS does for the one with it: no handle stands in its signatures.
#ifndef TENURE_TEST_HALVES_HPP
#define TENURE_TEST_HALVES_HPP

#include <cstdint>

struct untracked_holds; // handles of the other kind

untracked_holds* hold_untracked(const char* path); // a manager and three references
std::uint32_t untracked_list_size(const untracked_holds& holds, std::uint32_t& unlisted);
void take_by_address(untracked_holds& holds, const void* code); // one more reference
void drop_untracked(untracked_holds* holds);

#endif
