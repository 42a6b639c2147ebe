// Saving what is drawn as a file; put in front of the components that can be saved.

function escaped(words) {
  return words.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
}

// svg: a drawing of width × height px. form: "svg", or "png" with twice the pixels.
async function save(svg, width, height, name, form) {
  let file = new Blob([svg], { type: "image/svg+xml" });
  if (form === "png") {
    const image = Object.assign(new Image(), { src: `data:image/svg+xml,${encodeURIComponent(svg)}` });
    await image.decode();
    const canvas = Object.assign(document.createElement("canvas"), { width: 2 * width, height: 2 * height });
    canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
    file = await new Promise((made) => canvas.toBlob(made, "image/png"));
  }
  const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(file), download: `${name}.${form}` });
  link.click();
  URL.revokeObjectURL(link.href);
}
