// How the charts of speed look.
#ifndef TENURE_BENCH_SPEED_STYLE_HPP
#define TENURE_BENCH_SPEED_STYLE_HPP

namespace bench {

// Okabe and Ito's colours, told apart by eyes of every kind.
// Classes of shapes: paper, grid, ours, peer, raw, floor, and c0 to c9 of lines; of text: title, heading, said, and none.
inline constexpr const char* style = R"(svg { color: #1f2328; font-family: system-ui, "DejaVu Sans", Arial, sans-serif; }
text { fill: currentColor; font-size: 11px; }
.paper { fill: #ffffff; }
.title { font-size: 20px; font-weight: 600; }
.heading { font-size: 13px; font-weight: 600; }
.said { font-size: 12px; }
.grid { fill: none; stroke: #8c959f; stroke-opacity: 0.35; }
.ours { fill: #0072b2; }
.peer { fill: #e69f00; }
.raw { fill: #8c959f; }
.floor { fill: #009e73; }
.line { fill: none; stroke-width: 2; }
.c0 { stroke: #0072b2; stroke-width: 3; }
.c1 { stroke: #56b4e9; stroke-width: 3; stroke-dasharray: 6 3; }
.c2 { stroke: #6e7781; }
.c3 { stroke: #d55e00; }
.c4 { stroke: #c2408b; }
.c5 { stroke: #009e73; }
.c6 { stroke: #b58900; }
.c7 { stroke: #6639ba; stroke-dasharray: 2 2; }
.c8 { stroke: #953800; stroke-dasharray: 8 2; }
.c9 { stroke: #57606a; stroke-dasharray: 2 4; }
@media (prefers-color-scheme: dark) {
svg { color: #e6edf3; }
.paper { fill: #0d1117; }
.grid { stroke: #9198a1; stroke-opacity: 0.3; }
.ours { fill: #56b4e9; }
.floor { fill: #2bc79a; }
.raw { fill: #9198a1; }
.c0 { stroke: #58a6ff; }
.c1 { stroke: #a5d6ff; }
.c2 { stroke: #9198a1; }
.c4 { stroke: #f08cc4; }
.c5 { stroke: #2bc79a; }
.c6 { stroke: #e3b341; }
.c7 { stroke: #bc8cff; }
.c8 { stroke: #ffa657; }
.c9 { stroke: #b1bac4; }
})";

} // namespace bench

#endif
