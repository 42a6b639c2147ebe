// The nodes of a frame: their drawing, and which lies where; put in front of the frame viewer. nodes: as
// av1core/figures/frame.py describes them.

const LINE = { 8: 1, 16: 1.25, 32: 1.75, 64: 2.5 };
const CHOSEN = [["#000000", 5], ["#FFFFFF", 2.5]]; // colour and width in px of the chosen node's lines

function rectangle(left, top, width, height) {
  return `M${left} ${top}h${width}v${height}h${-width}z`;
}

// One path for each kind and node size, in picture coordinates, so that a redraw is a few strokes. hidden: names.
function pathsOf({ row, col, size, kind, ends, kinds }, hidden) {
  const paths = new Map();
  for (let node = 0; node < row.length; node++) {
    const look = kinds[kind[node]];
    if (hidden.has(look.name)) continue;
    const key = kind[node] * 1000 + size[node];
    const path = paths.get(key) ?? { look, size: size[node], lines: "", area: "" };
    paths.set(key, path);
    const quarter = size[node] / 4;
    for (const [top, left, height, width] of look.parts) {
      path.lines += rectangle(col[node] + left * quarter, row[node] + top * quarter, width * quarter, height * quarter);
    }
    if (ends[node] && look.parts.length) path.area += rectangle(col[node], row[node], size[node], size[node]);
  }
  return [...paths.values()]
    .sort((a, b) => b.look.faint - a.look.faint || a.size - b.size)
    .map((path) => ({ ...path, linePath: new Path2D(path.lines), areaPath: new Path2D(path.area), ...style(path) }));
}

// How a path is drawn: the opacity of its area, 0 for none, the opacity and the width in px of its lines.
function style({ look, size }) {
  return {
    fill: look.filled ? 0.45 : look.faint ? 0 : 0.35,
    opacity: look.faint ? 0.6 : 1,
    width: look.faint || look.filled ? 0.75 : LINE[size],
  };
}

function fills(look, layers) {
  return look.filled || (layers.fill && !look.faint);
}

// The whole frame as it is drawn, whatever the zoom, as SVG. data: of the viewer. selected: a node or null.
function drawn({ width, height, picture, nodes, label }, paths, layers, selected) {
  const pieces = layers.picture ? [`<image href="${picture}" width="${width}" height="${height}" style="image-rendering: pixelated"/>`] : [];
  for (const { look, lines, area, fill, opacity, width: line } of paths) {
    if (fills(look, layers)) pieces.push(`<path d="${area}" fill="${look.colour}" fill-opacity="${fill}"/>`);
    if (!layers.lines) continue;
    pieces.push(`<path d="${lines}" fill="none" stroke="${look.colour}" stroke-width="${line}" opacity="${opacity}"/>`);
  }
  if (selected !== null) {
    const [left, top, side] = ["col", "row", "size"].map((name) => nodes[name][selected]);
    for (const [colour, line] of CHOSEN) {
      pieces.push(`<path d="${rectangle(left, top, side, side)}" fill="none" stroke="${colour}" stroke-width="${line / 2}"/>`);
    }
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">
    <title>${escaped(label)}</title>${pieces.join("")}</svg>`;
}

// Nodes over a place of the picture that can be chosen, the smallest first.
function nodesAt({ row, col, size, selectable }, x, y) {
  const found = [];
  for (let node = 0; node < selectable; node++) {
    if (x >= col[node] && x < col[node] + size[node] && y >= row[node] && y < row[node] + size[node]) found.push(node);
  }
  return found.sort((a, b) => size[a] - size[b]);
}

// The nearest node in a direction, null if there is none: of those that nothing divides further, and first among those
// that face the node `from`. dx, dy: one is 0 and the other 1 or −1.
function nextNode({ row, col, size, ends, selectable }, from, dx, dy) {
  const [along, across] = dx ? [col, row] : [row, col];
  let [best, least] = [null, Infinity];
  for (let node = 0; node < selectable; node++) {
    const gap = dx + dy > 0 ? along[node] - along[from] - size[from] : along[from] - along[node] - size[node];
    if (!ends[node] || gap < 0) continue;
    const off = Math.abs(across[node] + size[node] / 2 - across[from] - size[from] / 2);
    const faces = off < (size[node] + size[from]) / 2;
    const distance = faces ? gap + off / 1000 : 1e6 + gap + off;
    if (distance < least) [best, least] = [node, distance];
  }
  return best;
}
