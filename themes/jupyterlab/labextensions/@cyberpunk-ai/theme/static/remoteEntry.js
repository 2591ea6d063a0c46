// Written by python -m cyberpunk_ai.charts.theme_files from themes/tokens.toml. Do not edit.
var _JUPYTERLAB = typeof _JUPYTERLAB === "undefined" ? {} : _JUPYTERLAB;
(() => {
  const NAME = "@cyberpunk-ai/theme";
  const THEMES = [{"name": "neon", "title": "Cyberpunk Neon", "isLight": false}, {"name": "daylight", "title": "Cyberpunk Daylight", "isLight": true}, {"name": "noir", "title": "Cyberpunk Noir", "isLight": false}];
  let shared;
  // The token under which JupyterLab's own theme manager is asked for is taken from its shared modules, newest version first.
  const sharedModule = async (name) => {
    const versions = Object.entries(shared[name] || {}).sort(([one], [other]) => other.localeCompare(one, undefined, { numeric: true }));
    if (!versions.length) throw new Error(`${NAME}: JupyterLab shares no ${name}`);
    return (await versions[0][1].get())();
  };
  const plugin = (manager) => ({
    id: `${NAME}:plugin`,
    description: "The themes of Cyberpunk AI.",
    autoStart: true,
    requires: [manager],
    activate: (app, themes) => {
      for (const { name, title, isLight } of THEMES)
        themes.register({
          name: title, displayName: title, isLight, themeScrollbars: true,
          load: () => themes.loadCSS(`${NAME}/${name}.css`), unload: async () => undefined,
        });
    },
  });
  _JUPYTERLAB[NAME] = {
    init: async (scope) => { shared = scope; },
    get: async (module) => {
      if (module === "./style") return () => ({});
      const { IThemeManager } = await sharedModule("@jupyterlab/apputils");
      return () => ({ __esModule: true, default: plugin(IThemeManager) });
    },
  };
})();
