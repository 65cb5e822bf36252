// Makes labkitViews.draw, once a page. Called with {name: source as deflated base64}.
//
// d3 and jQuery are evaluated with a `module` of their own and no `define`, so that they neither find the page's
// module loader nor leave a global behind. bertviz's scripts get stand-ins for require.js, which JupyterLab
// lacks, and for `window`, where its neuron view looks for its parameters.
(function (packed) {
  const views = (window.labkitViews = window.labkitViews || { waiting: [] });
  if (views.draw) return;

  async function unpacked(text) {
    const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
    return new Uint8Array(await new Response(stream).arrayBuffer());
  }

  async function source(name) {
    return new TextDecoder().decode(await unpacked(packed[name]));
  }

  async function library(name) {
    const module = { exports: {} };
    new Function("module", "exports", "define", await source(name))(module, module.exports, undefined);
    return module.exports;
  }

  // Numbers as nested arrays: read(k) gives the k-th, shape the sizes.
  function nested(read, shape, first) {
    if (!shape.length) return read(first);
    const size = shape.slice(1).reduce((a, b) => a * b, 1);
    return Array.from({ length: shape[0] }, (_, k) => nested(read, shape.slice(1), first + k * size));
  }

  // The inverse of packing.py: 4 bytes of length, JSON, then the bytes of its numbers in order.
  async function parameters(text) {
    const bytes = await unpacked(text);
    let at = 4 + new DataView(bytes.buffer).getUint32(0, true);
    return JSON.parse(new TextDecoder().decode(bytes.subarray(4, at)), (key, value) => {
      if (!value || !value.numbers) return value;
      const count = value.shape.reduce((a, b) => a * b, 1);
      const start = at;
      if (value.numbers === "weights") {
        at += 2 * count;
        return nested((k) => (bytes[start + k] + 256 * bytes[start + count + k]) / 1000, value.shape, 0);
      }
      at += count;
      const signed = new Int8Array(bytes.buffer, start, count);
      const each = count / value.scales.length;
      return nested((k) => signed[k] * value.scales[Math.floor(k / each)], value.shape, 0);
    });
  }

  // JupyterLab may run a script before its output, or its whole cell, is on the page.
  function onPage(id) {
    return new Promise((found) => {
      (function look() {
        document.getElementById(id) ? found() : setTimeout(look, 200);
      })();
    });
  }

  const libraries = Promise.all([library("jquery"), library("d3")]);

  views.draw = async function (kind, root, text) {
    const [found, settings, script] = await Promise.all([libraries, parameters(text), source(kind)]);
    await onPage(root);
    const require = { config: () => undefined };
    const requirejs = (names, use) => use(...found);
    new Function("require", "requirejs", "window", "PYTHON_PARAMS", script)(
      require,
      requirejs,
      { bertviz_params: settings },
      settings,
    );
    document.querySelector(`#${root} > span`).style.display = "";
    document.getElementById(`${root}-notice`).remove();
  };
  views.waiting.splice(0).forEach((job) => views.draw(...job));
})(PACKED_SCRIPTS);
