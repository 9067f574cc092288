#!/usr/bin/env python3
"""Shows Doxygen the headers' own comments as documentation: they stay plain `//`, and mean what they say.

  - a block of `//` lines above a declaration, and a `//` behind a member or an enumerator, document that;
  - the block at a header's top is the file's;
  - "Pre:", "Errors:", "Threads:" and the like begin paragraphs of their own; indented lines are code;
  - copies, moves, ends and swaps, whose meaning the class's own text tells, get a line that says so;
  - what is in detail, private, or a specialisation for somebody else's template, is left out;
  - the inline namespaces are left out: tenure::module is what one writes.

Usage: filter.py HEADER
"""
import re
import sys

PARAGRAPHS = ["When not to use it", "Obtained from", "Not copyable", "Pre", "Effect", "Errors", "Threads", "Platform", "Model"]
HEADING = re.compile(r"(?:(?<=^)|(?<=[.:;] ))(" + "|".join(PARAGRAPHS) + r")( for the (?:two|three))?:\s", re.M)
COMMENT = re.compile(r"^(\s*)//(?!/)\s?(.*)$")
TRAILING = re.compile(r"^(\s*[^\s/].*?[;,}\w)])\s+// (?!NOLINT)(.*)$")
# Special members, by what they look like; the class's text says what they do.
SPECIAL = [
    (re.compile(r"^\s*(?:constexpr |explicit )*~(\w+)\("), "Ends it, as the class's description says."),
    (re.compile(r"^\s*(?:TENURE_API |constexpr )*(\w+)\(const \1&( \w+|\))"), "Copies it, as the class's description says."),
    (re.compile(r"^\s*(?:constexpr )*(\w+)\(\1&& *\w*\)"), "Moves it; the other one is empty then."),
    (re.compile(r"^\s*(?:constexpr |explicit )*(\w+)\(\)(?: noexcept)?(?: = default;|\s*\{|$)"), "An empty one."),
    (re.compile(r"^.*\boperator=\("), "As assigning a copy, or moving."),
    (re.compile(r"^\s*friend .*\bswap\("), "Swaps two of them: nothing is counted."),
    (re.compile(r"^\s*(\[\[nodiscard\]\] )?(TENURE_API )?(const \w+\*|std::size_t|bool) (begin|end|size|empty)\(\)"), "As a container's."),
    (re.compile(r"^\s*(\[\[nodiscard\]\] )?(void|time_point|static constexpr bool) (idled|revived|sweep|drain|shed|next_due|parks|reads_time|keeps_pages|counts_in_stripes)\b"),
     "As unload_policy asks."),
    (re.compile(r"^.*\bS& sink\b|^\s*template <detail::error_sink S>$"), "As the one that throws; it reports into `sink` instead."),
    (re.compile(r"^.*explicit.* operator bool\(\)"), "True unless it is empty."),
    (re.compile(r"^.*\bowner\(\w*.*\) const"), "The module that it holds."),
    (re.compile(r"^.*\boperator(==|<=>)\("), "Compares what they stand for."),
    (re.compile(r"^.*\bT& operator\*\(\)|^.*\bT\* operator->\(\)|^.*\bF[&*] operator(\*|->)\(\)"), "What it points at. Pre: not empty."),
]


def paragraphs(text):
    """The words of one comment, with commands in front of its parts."""
    return HEADING.sub(lambda m: f"\n\\par {m.group(1)}{m.group(2) or ''}\n", text)


def plain(line):
    """Words, not commands; what stands between `` ` `` is left as it is."""
    parts = line.split("`")
    parts[::2] = [re.sub(r"[<@#]", r"\\\g<0>", part) for part in parts[::2]]
    return "`".join(parts)


def documentation(lines):
    """`//` lines as one Doxygen comment."""
    shown, words, code = [], [], []

    def end_words():
        if words:
            shown.extend(paragraphs("\n".join(words)).split("\n"))
            words.clear()

    def end_code():
        if code:
            shown.extend(["\\code{.cpp}", *code, "\\endcode"])
            code.clear()

    for line in lines:
        if line.startswith("  "):
            end_words()
            code.append(line[2:])
        else:
            end_code()
            words.append(plain(re.sub(r"^(---.*)$", "", line)))
    end_words()
    end_code()
    return shown


def emit(indent, lines):
    return [f"{indent}/// {line}".rstrip() for line in documentation(lines)]


def special(line):
    for pattern, words in SPECIAL:
        if pattern.search(line):
            return words
    return None


def without(lines, begins, ends):
    """Lines, those of some blocks made empty: from one that begins a block to the one that ends it. Lines keep their numbers."""
    out, end = [], None
    for line in lines:
        begin = re.match(begins, line) if end is None else None
        if begin and not line.rstrip().endswith(("}", ";")):
            end = ends(begin)
        keeps = end is None and not begin
        out.append(line if keeps else "")
        if end is not None and line.startswith(end[0]):
            if end[1]:
                out[-1] = line
            end = None
    return out


def public_part(text):
    lines = text.split("\n")
    lines = without(lines, r"namespace (detail|tenure::inline v1::detail|TENURE_HANDLE_DETAILS) \{", lambda _: ("} // namespace", False))
    lines = without(lines, r"template <> struct (?:std|fmt)::", lambda _: ("};", False))
    lines = without(lines, r"( *)private:$", lambda m: (m.group(1) + "};", True))
    lines = without(lines, r"[a-z].* module::\w+\(.*\{$", lambda _: ("}", False))  # defined apart; declared in the class
    return [re.sub(r"^namespace (?:tenure::inline v1|TENURE_HANDLES)(::policy)? \{", r"namespace tenure\1 {", line) for line in lines]


def convert_c(text):
    """Of plugin.h, whose comments are those of C."""
    text = re.sub(r"^( *)/\* ", r"\1/** ", text, flags=re.M)
    text = re.sub(r"([;,]) +/\* (.*?)\*/", r"\1 /**< \2*/", text)
    text = re.sub(r"^( \* +)#include <(.*)>", r"\1\\#include \\<\2\\>", text, flags=re.M)  # no link
    return text.replace("/** ", "/** \\file\n", 1)


def convert(text):
    out, block, indent = [], [], ""
    top = True
    for line in public_part(text):
        comment = COMMENT.match(line)
        if comment:
            indent = comment.group(1)
            block.append(comment.group(2))
            continue
        if block:
            out += [f"{indent}/// \\file"] + emit(indent, block) if top else emit(indent, block) if line.strip() else [""]
        elif special(line) and not out[-1].rstrip().endswith((",", "(")):
            out.append(f"{re.match(' *', line).group()}/// {special(line)}")
        top = False
        block = []
        trailing = TRAILING.match(line)
        out.append(f"{trailing.group(1)} ///< {paragraphs(documentation([trailing.group(2)])[0])}" if trailing else line)
    return "\n".join(out)


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as header:
        text = header.read()
        print(convert_c(text) if sys.argv[1].endswith(".h") else convert(text))
