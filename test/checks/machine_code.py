"""What the checks of machine code share: a function's instructions as objdump lists them, comparable."""
import re

PADDING = ("nop", "xchg   %ax,%ax", "data16", "cs nop")


def instructions(lines, relocations=False):
    """Without addresses: a jump's target is told from the function's beginning. `relocations`: with what they refer to."""
    found = [re.match(r"\s*([0-9a-f]+):\s+(.*)", line) for line in lines]
    found = [m for m in found if m and not m.group(2).startswith(PADDING)]
    start = int(found[0].group(1), 16) if found else 0
    target = lambda m: f"{int(m.group(1), 16) - start:+x}"
    return [re.sub(r"\b([0-9a-f]+) <[^>]*>", target, m.group(2)).strip()
            for m in found if relocations or not m.group(2).startswith("R_X86")]
