// A grid of blocks with their maps: each is a button, and all of it can be saved as a picture.
// data: {tiles: [{pictures, parts, decisions, foot, label}], scale: {colours, ends, unit}, lines, title, note, name, form,
// words: {save, wrong}}

const SIDE = { 2: 80, 3: 64 }; // px of a picture, whole multiples of the block's 16 pixels, by how many a tile has
const GAP = 4;
const LINES = "#E69F00";

export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  const root = parentElement.querySelector(".gallery");
  root.choose = (place) => setTriggerValue("tile", place);
  const shown = JSON.stringify(data);
  if (root.shown === shown) return; // the focus stays where it is
  root.shown = shown;
  const count = data.tiles[0].pictures.length;
  root.style.setProperty("--side", `${SIDE[count]}px`);
  root.style.setProperty("--least", `${count * (SIDE[count] + GAP) + 10}px`);
  const { colours, ends, unit } = data.scale;
  root.querySelector(".low").textContent = ends[0];
  root.querySelector(".high").textContent = ends[1];
  root.querySelector(".unit").textContent = unit;
  root.querySelector(".bar").style.background = `linear-gradient(to right, ${colours.join(", ")})`;
  const button = root.querySelector(".save");
  button.textContent = data.words.save;
  button.onclick = () => {
    const { svg, width, height } = drawn(data);
    save(svg, width, height, data.name, data.form);
  };
  const grid = root.querySelector(".grid");
  grid.setAttribute("aria-label", data.note);
  grid.replaceChildren(...data.tiles.map((tile, place) => {
    const button = element("button", `tile${tile.decisions[0][2] ? "" : " wrong"}`);
    button.setAttribute("aria-label", tile.label);
    button.title = tile.label.replaceAll("; ", "\n");
    button.onclick = () => root.choose(place);
    const pictures = element("span", "pictures");
    pictures.append(...tile.pictures.map((url) => picture(url, data.lines ? outline(tile.parts) : "")));
    const decisions = tile.decisions.map(([classes, confidence, right]) => {
      const line = element("span", "decision");
      line.append(element("span", "", classes), element("span", "", mark(right, data.words)), element("span", "", confidence));
      return line;
    });
    button.append(pictures, ...decisions, element("span", "foot", tile.foot));
    return button;
  }));
}

function mark(right, words) {
  return right ? "✓" : `✗ ${words.wrong}`;
}

function element(name, className, text = "") {
  return Object.assign(document.createElement(name), { className, textContent: text });
}

function picture(url, lines) {
  const frame = element("span", "picture");
  frame.append(Object.assign(document.createElement("img"), { src: url, alt: "" }));
  const drawing = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  drawing.setAttribute("viewBox", "0 0 16 16");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", lines);
  drawing.append(path);
  frame.append(drawing);
  return frame;
}

function outline(parts) {
  return parts.map(([row, col, height, width]) => `M${col} ${row}h${width}v${height}h${-width}z`).join("");
}

// The whole page of the gallery as SVG, in black on white.
function drawn(data) {
  const count = data.tiles[0].pictures.length;
  const [side, columns] = [SIDE[count], count === 2 ? 6 : 5];
  const [wide, high] = [count * (side + GAP) + 20, side + 26 + 17 * data.tiles[0].decisions.length];
  const [width, height] = [columns * wide + 20, 90 + Math.ceil(data.tiles.length / columns) * high];
  const text = (x, y, words, size = 12) => `<text x="${x}" y="${y}" font-size="${size}">${escaped(words)}</text>`;
  const { colours, ends, unit } = data.scale;
  const stops = colours.map((colour, at) => `<stop offset="${at / (colours.length - 1)}" stop-color="${colour}"/>`);
  const pieces = data.tiles.map((tile, place) => {
    const [left, top] = [20 + (place % columns) * wide, 90 + Math.floor(place / columns) * high];
    const pictures = tile.pictures.map((url, at) => `
      <g transform="translate(${left + at * (side + GAP)} ${top}) scale(${side / 16})">
        <image href="${url}" width="16" height="16" preserveAspectRatio="none" style="image-rendering: pixelated"/>
        <path d="${data.lines ? outline(tile.parts) : ""}" fill="none" stroke="${LINES}" stroke-width="0.25"/>
      </g>`);
    const lines = tile.decisions.map(([classes, sure, right]) => `${classes} ${mark(right, data.words)} ${sure}`);
    const words = [...lines, tile.foot].map((line, at) => text(left, top + side + 15 + 16 * at, line));
    return [...pictures, ...words].join("");
  });
  const [low, bar] = [110, 160];
  return { width, height, svg: `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}"
      viewBox="0 0 ${width} ${height}" font-family="sans-serif">
    <defs><linearGradient id="scale">${stops.join("")}</linearGradient></defs>
    <rect width="100%" height="100%" fill="#fff"/>
    ${text(20, 26, data.title, 15)}${text(20, 46, data.note)}
    <text x="${low - 6}" y="70" font-size="12" text-anchor="end">${escaped(ends[0])}</text>
    <rect x="${low}" y="60" width="${bar}" height="12" fill="url(#scale)" stroke="#888"/>
    ${text(low + bar + 6, 70, `${ends[1]} ${unit}`)}${pieces.join("")}</svg>` };
}
