"""The theme for JupyterLab: a prebuilt extension that registers our themes, and the settings that make the default one the default.

The extension is written as plain JavaScript in the form in which JupyterLab loads federated modules, `init` and `get`, so nobody needs
Node to build it. Its stylesheets load JupyterLab's own dark or light theme first, so that properties which a later version adds have a
value.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from cyberpunk_ai.charts.fonts import font_faces
from cyberpunk_ai.charts.theme import Theme, css_variables
from cyberpunk_ai.charts.theme_targets import NOTE
from cyberpunk_ai.charts.theme_targets.voila import widget_properties

if TYPE_CHECKING:
    from collections.abc import Sequence

NAME = "@cyberpunk-ai/theme"
VERSION = "1.0.0"
EXTENSION = f"jupyterlab/labextensions/{NAME}"
STYLES = f"{EXTENSION}/themes/{NAME}"

_ENTRY = """// @NOTE@
var _JUPYTERLAB = typeof _JUPYTERLAB === "undefined" ? {} : _JUPYTERLAB;
(() => {
  const NAME = "@NAME@";
  const THEMES = @THEMES@;
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
"""


def title_of(theme: Theme) -> str:
    """Name a theme as JupyterLab's menu shows it."""
    return f"Cyberpunk {theme.title}"


def theme_files(themes: Sequence[Theme]) -> dict[str, str]:
    """Return the extension, a stylesheet per theme, and the settings; the first theme is the default."""
    listed = [{"name": theme.name, "title": title_of(theme), "isLight": not theme.is_dark} for theme in themes]
    entry = _ENTRY.replace("@NOTE@", NOTE).replace("@THEMES@", json.dumps(listed)).replace("@NAME@", NAME)
    package = {
        "name": NAME,
        "version": VERSION,
        "description": "The themes of Cyberpunk AI for JupyterLab.",
        "license": "Apache-2.0",
        "jupyterlab": {"extension": True, "_build": {"load": "static/remoteEntry.js", "extension": "./extension", "style": "./style"}},
    }
    installed = {
        "packageManager": "python",
        "packageName": "cyberpunk-ai",
        "uninstallInstructions": "Use your Python package manager (pip, conda) to uninstall the package cyberpunk-ai",
    }
    settings = {
        "@jupyterlab/apputils-extension:themes": {"theme": title_of(themes[0])},
        # Nothing is asked of a server outside.
        "@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False},
    }
    written = {
        f"{EXTENSION}/static/remoteEntry.js": entry,
        f"{EXTENSION}/package.json": _json(package),
        f"{EXTENSION}/install.json": _json(installed),
        "jupyterlab/overrides.d/cyberpunk-ai.json": _json(settings),
    }
    return written | {f"{STYLES}/{theme.name}.css": _css(theme) for theme in themes}


def _json(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def _css(theme: Theme) -> str:
    base = f"@jupyterlab/theme-{'dark' if theme.is_dark else 'light'}-extension/index.css"
    names = widget_properties(theme) | {
        "layout-color3": theme.raised,
        "layout-color4": theme.line,
        **{f"ui-inverse-font-color{place}": theme.ink for place in range(4)},
        "accept-color-normal": theme.measured,
        "accept-color-hover": theme.good,
        "accept-color-active": theme.good,
        "reject-color-normal": theme.muted,
        "warn-color-normal": theme.failing,
        "inverse-layout-color0": theme.text,
        "inverse-layout-color1": theme.text,
        "border-color0": theme.line,
        "border-color1": theme.line,
        "border-color2": theme.line,
        "border-color3": theme.line,
        "brand-color0": theme.measured,
        "accent-color1": theme.good,
        "error-color1": theme.failing,
        "warn-color1": theme.warning,
        "success-color1": theme.good,
        "info-color1": theme.measured,
        "content-link-color": theme.measured,
        "cell-editor-background": theme.surface,
        "cell-editor-active-background": theme.raised,
        "cell-editor-border-color": theme.line,
        "cell-editor-box-shadow": f"inset 0 0 0 1px {theme.line}",
        "cell-prompt-not-active-font-color": theme.muted,
        "cell-inprompt-font-color": theme.measured,
        "cell-outprompt-font-color": theme.predicted,
        "notebook-multiselected-color": theme.raised,
        "editor-selected-background": theme.line,
        "editor-selected-focused-background": theme.line,
        "editor-cursor-color": theme.measured,
        "rendermime-error-background": theme.raised,
        "rendermime-table-row-background": theme.surface,
        "rendermime-table-row-hover-background": theme.raised,
        "rendermime-table-border-color": theme.line,
        "input-background": theme.raised,
        "input-border-color": theme.line,
        "input-active-background": theme.raised,
        "input-active-border-color": theme.measured,
        "toolbar-background": theme.surface,
        "toolbar-border-color": theme.line,
        "toolbar-active-background": theme.line,
        "statusbar-height": "24px",
        "mirror-editor-keyword-color": theme.predicted,
        "mirror-editor-atom-color": theme.warning,
        "mirror-editor-number-color": theme.warning,
        "mirror-editor-def-color": theme.measured,
        "mirror-editor-variable-color": theme.text,
        "mirror-editor-variable-2-color": theme.text,
        "mirror-editor-variable-3-color": theme.good,
        "mirror-editor-punctuation-color": theme.muted,
        "mirror-editor-property-color": theme.text,
        "mirror-editor-operator-color": theme.predicted,
        "mirror-editor-comment-color": theme.muted,
        "mirror-editor-string-color": theme.good,
        "mirror-editor-string-2-color": theme.good,
        "mirror-editor-builtin-color": theme.measured,
        "mirror-editor-error-color": theme.failing,
    }
    lines = "\n".join(f"  --jp-{name}: {value};" for name, value in names.items())
    return (
        # Without url(), which the server would take for a file of this theme.
        f'/* {NOTE} */\n@import "../../{base}";\n{font_faces("fonts")}\n'
        f":root {{\n{css_variables(theme)}\n{lines}\n}}\n"
        f"#jp-top-panel, #jp-menu-panel {{ border-bottom-color: {theme.line}; }}\n"
        f".jp-Notebook .jp-Cell.jp-mod-active .jp-Collapser, .lm-TabBar-tab.jp-mod-current::before {{ background: {theme.measured}; }}\n"
        f".jp-RenderedHTMLCommon h1, .jp-RenderedHTMLCommon h2 {{ font-family: {theme.fonts['display']}; letter-spacing: .04em; }}\n"
    )
