// Names the figure above for screen readers, and gives a keyboard menus for its slider and its buttons.
// Runs wherever plotly has drawn: with JupyterLab's copy of it, Colab's, or that of an exported page.
(function (host) {
const text = host.querySelector("pre").textContent.trim();
const title = host.dataset.title + (/[.?!:]$/.test(host.dataset.title) ? "" : ".");

// The nearest figure above with these very words. JupyterLab may draw it anew: look for it each time.
function figure() {
  const above = [...document.querySelectorAll(".js-plotly-plot")].filter((plot) =>
    plot.layout?.meta?.alt?.trim() === text &&
    plot.compareDocumentPosition(host) & Node.DOCUMENT_POSITION_FOLLOWING);
  return above.pop();
}

function name(plot) {
  plot.querySelectorAll(".main-svg").forEach((svg, index) => {
    if (index) return svg.setAttribute("aria-hidden", "true");
    svg.setAttribute("role", "img");
    svg.setAttribute("aria-label", title + " A text version follows.");
  });
}

// The same as a mouse does to plotly's own control: it has no other handle where its library is out of reach.
function press(target, kind) {
  const box = target.getBoundingClientRect();
  const at = { bubbles: true, clientX: box.x + box.width / 2, clientY: box.y + box.height / 2 };
  return (element) => element.dispatchEvent(new MouseEvent(kind, at));
}
function slide(k, step) {
  const slider = figure().querySelectorAll(".slider-group")[k];
  press(slider.querySelectorAll(".slider-tick-rect")[step], "mousedown")(
    slider.querySelector(".slider-rail-touch-rect"));
  figure().dispatchEvent(new MouseEvent("mouseup"));
}
function choose(k, button) {
  const header = figure().querySelectorAll(".updatemenu-header")[k];
  press(header, "click")(header);
  const chosen = figure().querySelectorAll(".updatemenu-dropdown-button")[button];
  press(chosen, "click")(chosen);
}

function menu(label, choices, active, use) {
  const line = document.createElement("label"), select = document.createElement("select");
  line.style.marginRight = "16px";
  select.style.font = "inherit";
  select.dataset.lmSuppressShortcuts = "true";  // JupyterLab leaves it its arrow keys, as labkit/plotting/keys.py says
  choices.forEach((choice, index) => select.add(new Option(choice, index, false, index === active)));
  select.addEventListener("change", () => use(Number(select.value)));
  line.append(label + " ", select);
  host.insertBefore(line, host.querySelector("details"));
  return select;
}

function controls(plot) {
  const { sliders = [], updatemenus = [] } = plot._fullLayout;
  const words = (entries) => entries.map((entry) => entry.label);
  const sliding = sliders.map((slider, k) => menu(
    (slider.currentvalue.prefix || "step").replace(/[:\s]+$/, ""),
    words(slider.steps), slider.active, (step) => slide(k, step)));
  updatemenus.forEach((buttons, k) =>
    menu(buttons.name || "show", words(buttons.buttons), buttons.active, (button) => choose(k, button)));
  plot.on("plotly_sliderchange", (change) => {
    sliding[change.slider._index].value = change.step._index;
  });
}

// Plotly draws when it is ready, and JupyterLab shows a saved picture until the mouse comes to it.
(function look(left) {
  const plot = figure();
  if (plot && plot.querySelector(".main-svg")) {
    name(plot);
    return controls(plot);
  }
  host.closest(".jp-OutputArea")?.querySelectorAll(".plot-img[src]").forEach((picture) =>
    picture.dispatchEvent(new MouseEvent("mouseenter")));
  if (left) setTimeout(look, 500, left - 1);
})(600);
})(document.currentScript.parentElement);
