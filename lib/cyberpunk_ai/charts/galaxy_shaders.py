"""The GLSL of the customer galaxy as text, nothing else: glowing points whose shape says the risk, and rings of equal risk on the floor.

Per point: `position`, `look` (radius in units of the scene, number of the meaning) and `live` (0 hidden to 1 shown).
"""

# ruff: noqa: E501 - a statement of GLSL reads best on its own line, whole
from __future__ import annotations

POINT_VERTEX = """
uniform vec3 measured; uniform vec3 predicted; uniform vec3 warning; uniform vec3 failing; uniform vec3 good; uniform float tall;
attribute vec2 look; attribute float live;
varying vec3 vTint; varying float vCode; varying float vLive;
vec3 statusColour(float status) { if (status < 0.5) return measured; if (status < 1.5) return predicted; if (status < 2.5) return warning; if (status < 3.5) return failing; return good; }
void main() {
  vTint = statusColour(look.y); vCode = look.y; vLive = live;
  vec4 seen = modelViewMatrix * vec4(position, 1.0);
  gl_Position = projectionMatrix * seen;
  gl_PointSize = clamp(look.x * 2.4 * projectionMatrix[1][1] * tall / -seen.z, 2.5, 64.0);
}
"""

POINT_FRAGMENT = """
precision highp float;
uniform float glow; uniform float dark;
varying vec3 vTint; varying float vCode; varying float vLive;
void main() {
  vec2 at = gl_PointCoord * 2.0 - 1.0;
  // The shape says the risk without colour: a disc is safe, a diamond slips, a triangle that points down may leave.
  float edge = length(at);
  if (vCode > 1.5 && vCode < 2.5) edge = abs(at.x) + abs(at.y);
  if (vCode > 2.5 && vCode < 3.5) edge = max(abs(at.x) * 1.05 + at.y * 0.55, -at.y) * 1.25;
  float core = smoothstep(0.62, 0.42, edge); float halo = exp(-edge * edge * 5.5) * 0.22 * glow;
  float alpha = (core * (dark > 0.5 ? 0.62 : 0.85) + halo) * mix(0.06, 1.0, vLive);
  if (alpha < 0.01) discard;
  vec3 colour = mix(vTint, vec3(1.0), dark > 0.5 ? core * 0.10 : 0.0);
  gl_FragColor = vec4(colour, alpha);
}
"""

RINGS_FRAGMENT = """
precision highp float;
uniform vec3 tint; uniform vec3 failing; uniform float core; uniform float reach; uniform float glow;
varying vec3 vPlace; varying float vFar;
void main() {
  float from = length(vPlace.xz); float width = fwidth(from) * 1.3; float alpha = 0.0;
  for (int step = 1; step <= 4; step++) {
    float ring = core + (reach - core) * float(step) * 0.25;
    alpha = max(alpha, (1.0 - smoothstep(0.0, width, abs(from - ring))) * 0.55);
  }
  float share = clamp((from - core) / (reach - core), 0.0, 1.0);
  float cloud = exp(-from * from / (reach * reach) * 3.0) * 0.12 * glow * step(from, reach * 1.4);
  gl_FragColor = vec4(mix(tint, failing, share * share), alpha * step(from, reach * 1.02) + cloud);
}
"""
