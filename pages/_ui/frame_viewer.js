// A frame with its partition tree on a canvas: crisp pixels, zoom, drag, layers, and a click that chooses a node.
// data: {picture, width, height, nodes: {row, col, size, kind, ends, kinds, selectable, notes}, selected, label, name,
// form}; nodes as av1core/figures/frame.py describes them.

const LINE = { 8: 1, 16: 1.25, 32: 1.75, 64: 2.5 };
const CHOSEN = [["#000000", 5], ["#FFFFFF", 2.5]]; // colour and width in px of the chosen node's lines

function rectangle(left, top, width, height) {
  return `M${left} ${top}h${width}v${height}h${-width}z`;
}

export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  const root = parentElement.querySelector(".viewer");
  const viewer = (root.viewer ??= new Viewer(root));
  viewer.choose = (node) => setTriggerValue("node", node);
  viewer.show(data);
}

class Viewer {
  constructor(root) {
    this.canvas = root.querySelector("canvas");
    this.legend = root.querySelector(".legend");
    this.hidden = new Set();
    this.layers = { picture: true, lines: true, fill: false };
    this.view = null;
    for (const box of root.querySelectorAll("[data-layer]")) {
      box.onchange = () => { this.layers[box.dataset.layer] = box.checked; this.draw(); };
    }
    for (const button of root.querySelectorAll("[data-zoom]")) {
      button.onclick = () => this.zoom(button.dataset.zoom);
    }
    this.button = root.querySelector(".save");
    this.button.onclick = () => save(this.drawn(), this.data.width, this.data.height, this.data.name, this.data.form);
    this.canvas.onpointerdown = (event) => this.press(event);
    this.canvas.onpointermove = (event) => this.drag(event);
    this.canvas.onpointerup = (event) => this.release(event);
    this.canvas.onkeydown = (event) => this.key(event);
    this.canvas.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    new ResizeObserver(() => this.resize()).observe(root);
  }

  show(data) {
    const another = !this.data || this.data.width !== data.width || this.data.height !== data.height;
    const moved = !this.data || this.data.selected !== data.selected;
    this.data = data;
    if (this.source !== data.picture) {
      this.source = data.picture;
      this.picture = new Image();
      this.picture.onload = () => this.draw();
      this.picture.src = data.picture;
    }
    this.canvas.setAttribute("aria-label", data.label);
    this.button.textContent = `Save as ${data.form.toUpperCase()}`;
    this.selected = data.selected;
    this.makeLegend();
    this.makePaths();
    if (another || !this.view) this.resize(true);
    else if (moved) this.reveal();
    this.draw();
  }

  // A box for each name that some node has. What is hidden stays so when other kinds come and go.
  makeLegend() {
    const { kinds, kind } = this.data.nodes;
    const counts = new Map();
    for (const each of kind) counts.set(kinds[each].name, (counts.get(kinds[each].name) ?? 0) + 1);
    const named = new Map(kinds.map((look) => [look.name, look]));
    this.legend.replaceChildren(...[...named.values()].filter(({ name }) => counts.has(name)).map(({ name, colour, faint }) => {
      const label = document.createElement("label");
      const box = Object.assign(document.createElement("input"), { type: "checkbox", checked: !this.hidden.has(name) });
      const swatch = document.createElement("span");
      swatch.className = "swatch";
      swatch.style.background = colour;
      box.onchange = () => {
        this.hidden[box.checked ? "delete" : "add"](name);
        this.makePaths();
        this.draw();
      };
      label.append(box, swatch, faint ? name : `${name} (${counts.get(name).toLocaleString("en")})`);
      return label;
    }));
  }

  // One path for each kind and node size, in picture coordinates, so that a redraw is a few strokes.
  makePaths() {
    const { row, col, size, kind, ends, kinds } = this.data.nodes;
    const paths = new Map();
    for (let node = 0; node < row.length; node++) {
      const look = kinds[kind[node]];
      if (this.hidden.has(look.name)) continue;
      const key = kind[node] * 1000 + size[node];
      const path = paths.get(key) ?? { look, size: size[node], lines: "", area: "" };
      paths.set(key, path);
      const quarter = size[node] / 4;
      for (const [top, left, height, width] of look.parts) {
        path.lines += rectangle(col[node] + left * quarter, row[node] + top * quarter, width * quarter, height * quarter);
      }
      if (ends[node] && look.parts.length) path.area += rectangle(col[node], row[node], size[node], size[node]);
    }
    this.paths = [...paths.values()]
      .sort((a, b) => b.look.faint - a.look.faint || a.size - b.size)
      .map((path) => ({ ...path, linePath: new Path2D(path.lines), areaPath: new Path2D(path.area), ...this.style(path) }));
  }

  // How a path is drawn: the opacity of its area, 0 for none, the opacity and the width in px of its lines.
  style({ look, size }) {
    return {
      fill: look.filled ? 0.45 : look.faint ? 0 : 0.35,
      opacity: look.faint ? 0.6 : 1,
      width: look.faint || look.filled ? 0.75 : LINE[size],
    };
  }

  // The whole frame as it is drawn, whatever the zoom, as SVG.
  drawn() {
    const { width, height, picture, nodes } = this.data;
    const pieces = this.layers.picture ? [`<image href="${picture}" width="${width}" height="${height}" style="image-rendering: pixelated"/>`] : [];
    for (const { look, lines, area, fill, opacity, width: line } of this.paths) {
      if (this.fills(look)) pieces.push(`<path d="${area}" fill="${look.colour}" fill-opacity="${fill}"/>`);
      if (!this.layers.lines) continue;
      pieces.push(`<path d="${lines}" fill="none" stroke="${look.colour}" stroke-width="${line}" opacity="${opacity}"/>`);
    }
    if (this.selected !== null) {
      const [left, top, side] = ["col", "row", "size"].map((name) => nodes[name][this.selected]);
      for (const [colour, line] of CHOSEN) {
        pieces.push(`<path d="${rectangle(left, top, side, side)}" fill="none" stroke="${colour}" stroke-width="${line / 2}"/>`);
      }
    }
    return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">
      <title>${escaped(this.data.label)}</title>${pieces.join("")}</svg>`;
  }

  fills(look) {
    return look.filled || (this.layers.fill && !look.faint);
  }

  resize(fit) {
    if (!this.data) return;
    const width = this.canvas.clientWidth;
    if (!width) return;
    const height = Math.round(Math.min(Math.max(width * this.data.height / this.data.width, 240), 640));
    const ratio = window.devicePixelRatio || 1;
    this.canvas.style.height = `${height}px`;
    this.canvas.width = Math.round(width * ratio);
    this.canvas.height = Math.round(height * ratio);
    this.ratio = ratio;
    if (fit || !this.view) this.fit();
    this.draw();
  }

  fit() {
    const { width, height } = this.data;
    const scale = Math.min(this.canvas.width / width, this.canvas.height / height);
    this.view = { scale, x: (this.canvas.width - width * scale) / 2, y: (this.canvas.height - height * scale) / 2 };
  }

  reveal() {
    if (this.selected === null) return;
    const { row, col, size } = this.data.nodes;
    const { scale, x, y } = this.view;
    const [left, top, side] = [col[this.selected], row[this.selected], size[this.selected]];
    const inside = left * scale + x >= 0 && (left + side) * scale + x <= this.canvas.width
      && top * scale + y >= 0 && (top + side) * scale + y <= this.canvas.height;
    if (inside) return;
    this.view.x = this.canvas.width / 2 - (left + side / 2) * scale;
    this.view.y = this.canvas.height / 2 - (top + side / 2) * scale;
  }

  draw() {
    if (!this.data || !this.view) return;
    const context = this.canvas.getContext("2d");
    const { scale, x, y } = this.view;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, this.canvas.width, this.canvas.height);
    context.setTransform(scale, 0, 0, scale, x, y);
    context.save();
    context.beginPath();
    context.rect(0, 0, this.data.width, this.data.height);
    context.clip();
    context.imageSmoothingEnabled = scale < 1;
    if (this.layers.picture && this.picture.complete) context.drawImage(this.picture, 0, 0);
    for (const { look, linePath, areaPath, fill, opacity, width } of this.paths) {
      if (this.fills(look)) {
        context.globalAlpha = fill;
        context.fillStyle = look.colour;
        context.fill(areaPath);
      }
      context.globalAlpha = opacity;
      if (this.layers.lines) {
        context.strokeStyle = look.colour;
        context.lineWidth = width * this.ratio / scale;
        context.stroke(linePath);
      }
      context.globalAlpha = 1;
    }
    context.restore();
    if (this.selected !== null) {
      const { row, col, size } = this.data.nodes;
      for (const [colour, width] of CHOSEN) {
        context.strokeStyle = colour;
        context.lineWidth = width * this.ratio / scale;
        context.strokeRect(col[this.selected], row[this.selected], size[this.selected], size[this.selected]);
      }
    }
  }

  // Nodes under the pointer that can be chosen, the smallest first.
  nodesAt(event) {
    const box = this.canvas.getBoundingClientRect();
    const px = ((event.clientX - box.left) * this.ratio - this.view.x) / this.view.scale;
    const py = ((event.clientY - box.top) * this.ratio - this.view.y) / this.view.scale;
    const { row, col, size, selectable } = this.data.nodes;
    const found = [];
    for (let node = 0; node < selectable; node++) {
      if (px >= col[node] && px < col[node] + size[node] && py >= row[node] && py < row[node] + size[node]) found.push(node);
    }
    return found.sort((a, b) => size[a] - size[b]);
  }

  // A click takes the smallest node there; a click on the chosen one takes the node around it.
  pick(event) {
    const found = this.nodesAt(event);
    if (!found.length) return;
    this.selected = found[(found.indexOf(this.selected) + 1) % found.length];
    this.draw();
    this.choose(this.selected);
  }

  press(event) {
    this.canvas.setPointerCapture(event.pointerId);
    this.start = { x: event.clientX, y: event.clientY, view: { ...this.view }, moved: false };
  }

  drag(event) {
    if (!this.start) {
      this.canvas.title = this.data.nodes.notes[this.nodesAt(event)[0]] ?? "";
      return;
    }
    const [dx, dy] = [event.clientX - this.start.x, event.clientY - this.start.y];
    this.start.moved ||= Math.hypot(dx, dy) > 4;
    if (!this.start.moved) return;
    this.view.x = this.start.view.x + dx * this.ratio;
    this.view.y = this.start.view.y + dy * this.ratio;
    this.draw();
  }

  release(event) {
    if (this.start && !this.start.moved) this.pick(event);
    this.start = null;
  }

  // The wheel zooms only where the user has clicked into the picture, so that the page still scrolls over it.
  wheel(event) {
    if (this.canvas.getRootNode().activeElement !== this.canvas && !event.ctrlKey) return;
    event.preventDefault();
    const box = this.canvas.getBoundingClientRect();
    this.zoomBy(Math.exp(-event.deltaY / 400), (event.clientX - box.left) * this.ratio, (event.clientY - box.top) * this.ratio);
  }

  zoom(how) {
    if (how === "fit") { this.fit(); this.draw(); return; }
    let [x, y] = [this.canvas.width / 2, this.canvas.height / 2];
    if (this.selected !== null) {
      const { row, col, size } = this.data.nodes;
      x = (col[this.selected] + size[this.selected] / 2) * this.view.scale + this.view.x;
      y = (row[this.selected] + size[this.selected] / 2) * this.view.scale + this.view.y;
    }
    this.zoomBy(how === "in" ? 1.6 : 1 / 1.6, x, y);
  }

  zoomBy(factor, x, y) {
    const scale = Math.min(Math.max(this.view.scale * factor, 0.05), 80);
    const change = scale / this.view.scale;
    this.view = { scale, x: x - (x - this.view.x) * change, y: y - (y - this.view.y) * change };
    this.draw();
  }

  key(event) {
    const step = 60 * this.ratio;
    const moves = { ArrowLeft: [step, 0], ArrowRight: [-step, 0], ArrowUp: [0, step], ArrowDown: [0, -step] };
    const zooms = { "+": "in", "=": "in", "-": "out", 0: "fit" };
    if (moves[event.key]) {
      this.view.x += moves[event.key][0];
      this.view.y += moves[event.key][1];
      this.draw();
    } else if (zooms[event.key]) this.zoom(zooms[event.key]);
    else return;
    event.preventDefault();
  }
}
