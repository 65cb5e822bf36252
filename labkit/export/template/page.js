// Draws the page's figures. What is to be drawn stands beside each place, as the notebook holds it.
for (const box of document.querySelectorAll(".figure")) {
  const { data, layout = {}, frames, config } = JSON.parse(box.querySelector("script").textContent);
  box.replaceChildren();
  Plotly.newPlot(box, { data, layout, frames, config: { ...config, responsive: true, displaylogo: false } })
    .then(() => box.querySelectorAll(".main-svg").forEach((svg, index) => {
      if (index) return svg.setAttribute("aria-hidden", "true");
      svg.setAttribute("role", "img");
      if (!svg.hasAttribute("aria-label"))
        svg.setAttribute("aria-label", box._fullLayout.title?.text?.replace(/<[^>]*>/g, " ") || "Figure");
    }));
}
