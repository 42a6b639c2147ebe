// A frame with its partition tree on a canvas: crisp pixels, zoom, drag, layers, and a click or a key that chooses a node.
// data: {picture, width, height, nodes: {row, col, size, kind, ends, kinds, selectable, notes}, selected, label, name,
// form, locale, words}; nodes as av1core/figures/frame.py describes them, words as frame_viewer.py has them.

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }; // steps in x and y
const ZOOMS = { "+": "in", "=": "in", "-": "out", 0: "fit" };
const SETTLED = 300; // ms after the last key until the page is told, so that it does not follow every step

export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  const root = parentElement.querySelector(".viewer");
  const viewer = (root.viewer ??= new Viewer(root));
  viewer.choose = (node) => setTriggerValue("node", node);
  viewer.show(data);
}

class Viewer {
  constructor(root) {
    this.root = root;
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
    root.querySelector(".save").onclick = () => {
      save(drawn(this.data, this.paths, this.layers, this.selected), this.data.width, this.data.height, this.data.name, this.data.form);
    };
    this.canvas.onpointerdown = (event) => this.press(event);
    this.canvas.onpointermove = (event) => this.drag(event);
    this.canvas.onpointerup = (event) => this.release(event);
    this.canvas.onpointercancel = () => { this.start = null; };
    this.canvas.onkeydown = (event) => this.key(event);
    this.canvas.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    new ResizeObserver(() => this.resize()).observe(root);
  }

  show(data) {
    const another = !this.data || this.data.width !== data.width || this.data.height !== data.height;
    const moved = !this.data || this.data.selected !== data.selected;
    const other = this.source !== data.picture;
    this.data = data;
    if (other) {
      this.source = data.picture;
      this.picture = new Image();
      this.picture.onload = () => this.draw();
      this.picture.src = data.picture;
    }
    this.canvas.setAttribute("aria-label", data.label);
    for (const each of this.root.querySelectorAll("[data-word]")) each.textContent = data.words[each.dataset.word];
    for (const each of this.root.querySelectorAll("[data-name]")) each.setAttribute("aria-label", data.words[each.dataset.name]);
    if (other) {
      clearTimeout(this.settling);
      this.settling = null;
    }
    if (!this.settling) this.selected = data.selected;
    this.makeLegend();
    this.paths = pathsOf(this.data.nodes, this.hidden);
    if (another || !this.view) this.resize(true);
    else if (moved) this.reveal();
    this.say();
    this.draw();
  }

  // The chosen node in words, for those who do not see it.
  say() {
    const { words, nodes } = this.data;
    const node = this.selected;
    let text = words.nothing;
    if (node !== null) {
      const what = nodes.notes[node] ?? nodes.kinds[nodes.kind[node]].name;
      const values = { size: nodes.size[node], row: nodes.row[node], col: nodes.col[node], what };
      text = words.chosen.replace(/\{(\w+)\}/g, (_, name) => values[name]);
    }
    const line = this.root.querySelector(".chosen");
    if (line.textContent !== text) line.textContent = text; // else it would be read out again
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
        this.paths = pathsOf(this.data.nodes, this.hidden);
        this.draw();
      };
      label.append(box, swatch, faint ? name : `${name} (${counts.get(name).toLocaleString(this.data.locale)})`);
      return label;
    }));
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
      if (fills(look, this.layers)) {
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

  nodesUnder(event) {
    const box = this.canvas.getBoundingClientRect();
    return nodesAt(
      this.data.nodes,
      ((event.clientX - box.left) * this.ratio - this.view.x) / this.view.scale,
      ((event.clientY - box.top) * this.ratio - this.view.y) / this.view.scale,
    );
  }

  // A click takes the smallest node there; a click on the chosen one takes the node around it.
  pick(event) {
    const found = this.nodesUnder(event);
    if (found.length) this.take(found[(found.indexOf(this.selected) + 1) % found.length], 0);
  }

  // Choose a node, and tell the page when no other was chosen for so many ms.
  take(node, wait) {
    this.selected = node;
    this.reveal();
    this.say();
    this.draw();
    clearTimeout(this.settling);
    this.settling = setTimeout(() => {
      this.settling = null;
      this.choose(node);
    }, wait);
  }

  // The node around the chosen one, and after the largest the smallest again.
  around() {
    const { row, col, size } = this.data.nodes;
    const node = this.selected;
    const found = nodesAt(this.data.nodes, col[node] + size[node] / 2 - 0.5, row[node] + size[node] / 2 - 0.5);
    this.take(found[(found.indexOf(node) + 1) % found.length], SETTLED);
  }

  // Where the arrow keys begin: the smallest node in the middle of what is seen, or the first.
  first() {
    const { scale, x, y } = this.view;
    const found = nodesAt(this.data.nodes, (this.canvas.width / 2 - x) / scale, (this.canvas.height / 2 - y) / scale);
    this.take(found[0] ?? 0, SETTLED);
  }

  press(event) {
    this.canvas.setPointerCapture(event.pointerId);
    this.start = { x: event.clientX, y: event.clientY, view: { ...this.view }, moved: false };
  }

  drag(event) {
    if (!this.start) {
      this.canvas.title = this.data.nodes.notes[this.nodesUnder(event)[0]] ?? "";
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
    const arrow = ARROWS[event.key];
    if (arrow && event.shiftKey) {
      this.view.x -= 60 * this.ratio * arrow[0];
      this.view.y -= 60 * this.ratio * arrow[1];
      this.draw();
    } else if (arrow || event.key === "Enter") {
      if (!this.data.nodes.selectable) return;
      if (this.selected === null) this.first();
      else if (arrow) this.take(nextNode(this.data.nodes, this.selected, ...arrow) ?? this.selected, SETTLED);
      else this.around();
    } else if (ZOOMS[event.key]) this.zoom(ZOOMS[event.key]);
    else return;
    event.preventDefault();
  }
}
