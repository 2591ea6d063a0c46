"""The GLSL of the forecast terrain as text, nothing else: a surface with its grid lines, the solid past and the glowing future.

Per vertex: `position` and `cell` (column, row, share of the tallest, 1 where predicted).
"""

# ruff: noqa: E501 - a statement of GLSL reads best on its own line, whole
from __future__ import annotations

SURFACE_VERTEX = """
attribute vec4 cell;
varying vec4 vCell; varying vec3 vSeen; varying float vFar;
void main() { vCell = cell; vec4 seen = modelViewMatrix * vec4(position, 1.0); vSeen = seen.xyz; vFar = -seen.z; gl_Position = projectionMatrix * seen; }
"""

SURFACE_FRAGMENT = """
precision highp float;
uniform vec3 measured; uniform vec3 predicted; uniform vec3 body; uniform vec3 fog; uniform float glow; uniform float dark; uniform float fogFar; uniform float chosen;
varying vec4 vCell; varying vec3 vSeen; varying float vFar;
float line(float at, float width) { float near = abs(fract(at - 0.5) - 0.5) / fwidth(at); return 1.0 - min(near / width, 1.0); }
void main() {
  float ahead = step(0.5, vCell.w);
  vec3 tint = mix(measured, predicted, ahead);
  vec3 normal = normalize(cross(dFdx(vSeen), dFdy(vSeen)));
  float light = 0.45 + 0.55 * abs(normal.y);
  float rows = line(vCell.y, 1.7); float columns = line(vCell.x, 1.0) * 0.45;
  float grid = max(rows, columns);
  float high = vCell.z;
  float mine = 1.0 - smoothstep(0.0, 0.06, abs(vCell.y - chosen)); mine *= step(-0.5, chosen);
  vec3 colour; float alpha;
  if (ahead < 0.5) {
    vec3 low = mix(body, tint, dark > 0.5 ? 0.10 : 0.22); vec3 peak = mix(body, tint, dark > 0.5 ? 0.62 : 0.70);
    colour = mix(low, peak, smoothstep(0.0, 1.0, high)) * (dark > 0.5 ? light * 1.25 : 0.82 + 0.18 * light);
    colour = mix(colour, dark > 0.5 ? tint : mix(tint, vec3(0.0), 0.25), rows * (0.35 + 0.5 * glow) + columns * 0.30);
    alpha = 1.0;
  } else {
    colour = tint * (dark > 0.5 ? 1.0 + 0.35 * glow * rows : 1.0);
    alpha = max(0.10 + 0.22 * high, grid * (0.55 + 0.45 * rows));
  }
  colour = mix(colour, dark > 0.5 ? vec3(1.0) : tint, mine * 0.85); alpha = max(alpha, mine);
  colour = mix(colour, fog, smoothstep(fogFar * 0.4, fogFar, vFar) * 0.7);
  gl_FragColor = vec4(colour, alpha);
}
"""

BAND_FRAGMENT = """
precision highp float;
uniform vec3 predicted; uniform float glow;
varying vec4 vCell; varying vec3 vSeen; varying float vFar;
float line(float at, float width) { float near = abs(fract(at - 0.5) - 0.5) / fwidth(at); return 1.0 - min(near / width, 1.0); }
void main() { float rows = line(vCell.y, 1.2); gl_FragColor = vec4(predicted, 0.045 + 0.34 * rows); }
"""

CURTAIN_VERTEX = "varying vec2 vUv; void main() { vUv = uv; gl_Position = projectionMatrix * modelViewMatrix * vec4(position, 1.0); }"
CURTAIN_FRAGMENT = """
precision highp float;
uniform vec3 tint; uniform float glow;
varying vec2 vUv;
void main() { float fade = pow(1.0 - vUv.y, 1.8); gl_FragColor = vec4(tint, fade * (0.10 + 0.22 * glow) + step(vUv.y, 0.012) * 0.6); }
"""
