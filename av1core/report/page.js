// Draws the figures in the colours that the page has, again when those change and before it is printed.
const figures = JSON.parse(document.getElementById("figures").textContent);
const plots = [...document.querySelectorAll("[data-figure]")];
const options = { responsive: true, displaylogo: false, modeBarButtonsToRemove: ["select2d", "lasso2d"] };

function letters(layout, ink) {
  return { ...layout, font: { ...layout.font, color: ink, family: getComputedStyle(document.body).fontFamily } };
}

function draw(ink) {
  for (const plot of plots) {
    const { data, layout } = figures[plot.dataset.figure];
    Plotly.react(plot, data, letters(layout, ink), options);
  }
}

const ofPage = () => getComputedStyle(document.body).color;
draw(ofPage());
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => draw(ofPage()));
addEventListener("beforeprint", () => draw("#000"));
addEventListener("afterprint", () => draw(ofPage()));
