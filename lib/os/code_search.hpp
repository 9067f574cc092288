// Finds an image's code among stack words.
#ifndef TENURE_LIB_OS_CODE_SEARCH_HPP
#define TENURE_LIB_OS_CODE_SEARCH_HPP

#include "live_frames.hpp"
#include "own_stack.hpp"
#include "stack_walk.hpp"

namespace tenure::inline v1::os {

// A visitor for stack_walk::run.
class code_search {
public:
  TENURE_UNSANITIZED code_search(const mapped_image& image, stack_walk& walk) noexcept
      : image_(image)
      , walk_(walk) {
    begin_ = ~std::uintptr_t{0};
    for (std::size_t i = 0; i != image.code_count; ++i) extend(image.code[i]);
    length_ = image.code_count == 0 ? 0 : end_ - begin_;
  }

  TENURE_UNSANITIZED bool operator()(const word_block& block) noexcept {
    const std::uintptr_t begin = begin_, length = length_; // in registers: stack words may alias everything
    const interruption_marks is_mark = is_mark_;
    for (std::size_t i = 0; i != block.count; ++i) {
      const std::uintptr_t word = block.words[i];
      const bool close = ((word - begin) & unsigned_address_bits) <= length;
      if (!(close | is_mark(word))) [[likely]]
        continue;
      if (inspect(block, i)) return true;
    }
    return false;
  }

  // No unwinder can be asked about these stacks: dead return addresses count.
  TENURE_UNSANITIZED void distrust_frames() noexcept { ask_unwinder_ = false; }

  // Nobody holds the image: who asked may have given up, and somebody else have closed it.
  TENURE_UNSANITIZED void distrust_image() noexcept { image_stays_ = false; }

  stack_finding finding;

private:
  TENURE_UNSANITIZED void extend(const address_range& range) noexcept {
    if (range.begin < begin_) begin_ = range.begin;
    if (range.end > end_) end_ = range.end;
  }

  TENURE_UNSANITIZED TENURE_NOT_INLINED bool inspect(const word_block& block, std::size_t index) noexcept {
    const std::uintptr_t word = block.words[index], slot = block.address + index * sizeof(stack_word);
    if (is_mark_(word)) inspect_interruption(block, index);
    const std::uintptr_t address = without_signature(word);
    if (!finding && is_return_address(address) && !(ask_unwinder_ && frames_.is_dead(slot, image_)))
      finding = {stack_evidence::return_address, address - 1, slot};
    return static_cast<bool>(finding);
  }

  [[nodiscard]] TENURE_UNSANITIZED bool is_return_address(std::uintptr_t address) noexcept {
    for (std::size_t i = 0; i != image_.code_count; ++i)
      if (image_stays_ ? follows_call(address, image_.code[i])
                       : follows_call(address, image_.code[i], walk_.reader))
        return true;
    return false;
  }

  // The stack that was interrupted is walked too, unless it is this one.
  TENURE_UNSANITIZED void inspect_interruption(const word_block& block, std::size_t index) noexcept {
    mark_surroundings context;
    if (!read_surroundings(block, index, context)) return;
    const interruption stopped = interruption_at(context);
    if (stopped.sp == 0) return;
    const std::uintptr_t slot = block.address + index * sizeof(stack_word);
    const bool inside = image_.executes(stopped.pc);
    if (inside && ask_unwinder_ && frames_.is_dead(slot, image_))
      return; // of an ended thread that had this stack
    walk_.starts.add(stopped.sp);
    if (inside) finding = {stack_evidence::interrupted_code, stopped.pc, slot};
  }

  // From the block, or by the kernel where they reach beyond it.
  TENURE_UNSANITIZED bool read_surroundings(const word_block& block, std::size_t index,
                                            mark_surroundings& into) noexcept {
    constexpr std::size_t count = words_before_mark + 1 + words_behind_mark;
    if (index < words_before_mark || block.count - index <= words_behind_mark)
      return walk_.reader.read(block.address + (index - words_before_mark) * sizeof(stack_word), into.words,
                               sizeof into.words);
    for (std::size_t i = 0; i != count; ++i) into.words[i] = block.words[index - words_before_mark + i];
    return true;
  }

  const mapped_image& image_;
  stack_walk& walk_;
  interruption_marks is_mark_;
  live_frames frames_;   // asked only about what looks like a return address
  std::uintptr_t begin_; // all the image's code lies in [begin_, begin_ + length_)
  std::uintptr_t end_ = 0;
  std::uintptr_t length_;
  bool ask_unwinder_ = true;
  bool image_stays_ = true;
};

} // namespace tenure::inline v1::os

#endif
