// Takes an entry out of a list that is linked by one of its members.
#ifndef TENURE_LIB_UNLINK_HPP
#define TENURE_LIB_UNLINK_HPP

namespace tenure::inline v1::detail {

// Nothing happens if it is not in the list.
template <class T> void unlink(T*& head, T* T::*next, T& entry) noexcept {
  T** at = &head;
  while (*at != nullptr && *at != &entry) at = &((*at)->*next);
  if (*at != nullptr) *at = entry.*next;
}

} // namespace tenure::inline v1::detail

#endif
