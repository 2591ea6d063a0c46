"""The GLSL of the neon city as text, nothing else. One vertex layout serves three materials: the city, its reflection and its light.

Per vertex: `position` (corner of a unit part), `part` (face normal, kind: 0 wall, 1 roof sign, 2 light), `plot` (x, z, width, depth)
and `live` (height, pulse 0..1, status number, selected 0/1), the only attribute that a frame sends.
"""

# ruff: noqa: E501 - a statement of GLSL reads best on its own line, whole
from __future__ import annotations

_STATUS = """
vec3 statusColour(float status) {
  if (status < 0.5) return measured;
  if (status < 1.5) return predicted;
  if (status < 2.5) return warning;
  if (status < 3.5) return failing;
  return good;
}
"""

CITY_VERTEX = (
    """
uniform vec3 measured; uniform vec3 predicted; uniform vec3 warning; uniform vec3 failing; uniform vec3 good;
uniform float mirror;
attribute vec4 part; attribute vec4 plot; attribute vec4 live;
varying vec3 vTint; varying vec3 vUnit; varying vec3 vFace; varying vec3 vSize; varying vec4 vLive; varying float vKind; varying float vFar; varying float vSeed;
varying vec3 vView;
"""
    + _STATUS
    + """
void main() {
  vTint = statusColour(live.z); vUnit = position; vFace = part.xyz; vLive = live; vKind = part.w;
  vSize = vec3(plot.z, live.x, plot.w);
  vSeed = fract(sin(dot(plot.xy, vec2(12.9898, 78.233))) * 43758.5453);
  vec3 place = vec3(position.x * plot.z + plot.x, position.y * live.x, position.z * plot.w + plot.y);
  if (part.w > 0.5) {
    // The roof sign: an octahedron whose halves say the status. Up: good. Down: failing. Both: warning. Flat: nothing to report.
    float up = 0.03; float down = 0.03;
    if (live.z > 1.5 && live.z < 2.5) { up = 0.42; down = 0.42; }
    if (live.z > 2.5 && live.z < 3.5) { up = 0.0; down = 0.75; }
    if (live.z > 3.5) { up = 0.75; down = 0.0; }
    float lift = live.x + 0.30 + down;
    place = vec3(position.x * 0.36 + plot.x, lift + (position.y > 0.0 ? position.y * up : position.y * down), position.z * 0.36 + plot.y);
  }
  if (part.w > 1.5) { place = vec3(2.0e6); }
  place.y *= mirror;
  vec4 seen = modelViewMatrix * vec4(place, 1.0);
  vFar = -seen.z; vView = seen.xyz;
  gl_Position = projectionMatrix * seen;
}
"""
)

CITY_FRAGMENT = """
precision highp float;
uniform vec3 body; uniform vec3 fog; uniform vec3 paper; uniform float fogNear; uniform float fogFar; uniform float mirror; uniform float glow; uniform float dark;
varying vec3 vTint; varying vec3 vUnit; varying vec3 vFace; varying vec3 vSize; varying vec4 vLive; varying float vKind; varying float vFar; varying float vSeed;
varying vec3 vView;
float hash(vec2 at) { return fract(sin(dot(at, vec2(127.1, 311.7))) * 43758.5453); }
void main() {
  vec3 colour;
  float pulse = vLive.y; float selected = vLive.w;
  if (vKind > 0.5) {
    vec3 normal = normalize(cross(dFdx(vView), dFdy(vView)));
    float light = 0.62 + 0.38 * abs(normal.y);
    float plain = step(vLive.z, 0.5);
    colour = mix(vTint * light, mix(body, vTint, 0.45), plain);
    colour += vTint * 0.35 * glow * (1.0 - plain);
  } else {
    float top = step(0.5, vFace.y);
    vec2 at = abs(vFace.x) > 0.5 ? vec2(vUnit.z + 0.5, vUnit.y) : vec2(vUnit.x + 0.5, vUnit.y);
    float across = abs(vFace.x) > 0.5 ? vSize.z : vSize.x;
    float tall = at.y * vSize.y;
    float columns = floor(across * 4.0);
    vec2 cells = vec2(at.x * columns, tall * 3.2);
    vec2 cell = floor(cells); vec2 inside = fract(cells);
    vec2 blur = fwidth(cells) * 0.75;
    vec2 pane = smoothstep(vec2(0.20, 0.26) - blur, vec2(0.20, 0.26) + blur, inside) * smoothstep(vec2(0.20, 0.26) - blur, vec2(0.20, 0.26) + blur, 1.0 - inside);
    float window = pane.x * pane.y * step(vSize.y * 0.035, vSize.y - tall);
    float faded = clamp(1.0 - max(blur.x, blur.y) * 1.2, 0.0, 1.0);
    float lit = step(0.58 - 0.35 * pulse, hash(cell + floor(vSeed * 97.0)));
    float strength = lit * (0.30 + 0.70 * hash(cell * 1.7 + vSeed));
    strength = mix(0.18, strength, faded) * mix(0.30, window, faded);
    float side = abs(vFace.x) > 0.5 ? 0.80 : 1.0;
    vec3 lamp = mix(vTint, vec3(1.0, 0.93, 0.80), 0.45 * hash(cell.yx + vSeed * 3.0));
    vec3 wall = mix(body, vTint, dark > 0.5 ? 0.07 : 0.16) * side;
    wall *= dark > 0.5 ? 0.55 + 0.75 * smoothstep(0.0, 1.0, at.y) : 0.94 + 0.06 * at.y;
    colour = dark > 0.5 ? wall + lamp * strength * (0.55 + 0.5 * pulse) * side : mix(wall, mix(vTint, body, 0.25), strength * 0.75);
    float fromEdge = min(at.x, 1.0 - at.x) * across; float fromTop = (1.0 - at.y) * vSize.y;
    float thin = max(fwidth(fromEdge), 0.004); float thinTop = max(fwidth(fromTop), 0.004);
    float edge = smoothstep(0.030 + thin, 0.010, fromEdge) * 0.85; float rim = smoothstep(0.055 + thinTop, 0.020, fromTop) * 1.15;
    float line = max(edge * (0.35 + 0.65 * at.y), rim);
    if (top > 0.5) {
      vec2 from = abs(vUnit.xz); float most = max(from.x, from.y);
      line = smoothstep(0.42, 0.475, most) * 1.15;
      colour = mix(body, vTint, dark > 0.5 ? 0.10 : 0.22) + vTint * 0.20 * glow * smoothstep(0.30, 0.5, most);
    }
    colour = dark > 0.5 ? colour + vTint * line * (0.55 + 0.45 * glow) : mix(colour, vTint, clamp(line, 0.0, 1.0) * 0.9);
    colour += vTint * 0.16 * glow * exp(-tall * 1.8) * (1.0 - top);
    colour += vTint * pulse * glow * 0.35 * (0.35 + 0.65 * at.y);
  }
  colour = mix(colour, dark > 0.5 ? vec3(1.0) : vTint, selected * (dark > 0.5 ? 0.38 : 0.45));
  float far = smoothstep(fogNear, fogFar, vFar);
  colour = mix(colour, fog, far * 0.85);
  float shown = 1.0;
  if (mirror < 0.0) { shown = 0.75 * exp(-vUnit.y * vSize.y * 0.50) * (1.0 - far); if (vKind > 0.5) shown = 0.0; colour = mix(paper, colour, shown); }
  gl_FragColor = vec4(colour, 1.0);
}
"""

LIGHT_VERTEX = (
    """
uniform vec3 measured; uniform vec3 predicted; uniform vec3 warning; uniform vec3 failing; uniform vec3 good;
attribute vec4 part; attribute vec4 plot; attribute vec4 live;
varying vec3 vTint; varying vec2 vAt; varying float vPulse;
"""
    + _STATUS
    + """
void main() {
  vTint = statusColour(live.z); vAt = position.xy; vPulse = live.y;
  vec4 seen = vec4(2.0e6, 2.0e6, 2.0e6, 1.0);
  // The light of a building exists only while events arrive: a beam from its roof, always turned to the camera.
  if (part.w > 1.5 && live.y > 0.01) {
    seen = modelViewMatrix * vec4(plot.x, live.x, plot.y, 1.0);
    vec3 up = (modelViewMatrix * vec4(0.0, 1.0, 0.0, 0.0)).xyz;
    seen.xyz += up * (position.y * 2.6 + 0.6) * (0.55 + live.y);
    seen.x += position.x * 1.15;
  }
  gl_Position = projectionMatrix * seen;
}
"""
)

LIGHT_FRAGMENT = """
precision highp float;
uniform float glow;
varying vec3 vTint; varying vec2 vAt; varying float vPulse;
void main() {
  float beam = exp(-abs(vAt.x) * 9.0) * smoothstep(1.0, -0.6, vAt.y);
  float halo = exp(-dot(vAt * vec2(2.6, 3.6) + vec2(0.0, 1.1), vAt * vec2(2.6, 3.6) + vec2(0.0, 1.1)) * 1.3);
  float strength = (beam * 0.9 + halo * 0.8) * vPulse * glow;
  gl_FragColor = vec4(mix(vTint, vec3(1.0), beam * 0.35) * strength, strength);
}
"""

GROUND_VERTEX = """
varying vec3 vPlace; varying float vFar;
void main() { vec4 place = modelMatrix * vec4(position, 1.0); vPlace = place.xyz; vec4 seen = viewMatrix * place; vFar = -seen.z; gl_Position = projectionMatrix * seen; }
"""

GROUND_FRAGMENT = """
precision highp float;
uniform vec3 ground; uniform vec3 grid; uniform vec3 gridMajor; uniform vec3 horizon; uniform float reach; uniform float glow;
varying vec3 vPlace; varying float vFar;
float lines(vec2 at, float pitch, float width) {
  vec2 cells = at / pitch; vec2 near = abs(fract(cells - 0.5) - 0.5) / fwidth(cells);
  return (1.0 - min(min(near.x, near.y) / width, 1.0)) * clamp(1.6 - max(fwidth(cells).x, fwidth(cells).y) * 3.0, 0.0, 1.0);
}
void main() {
  float from = length(vPlace.xz);
  float minor = lines(vPlace.xz, 2.0, 1.1); float major = lines(vPlace.xz, 16.0, 1.6);
  vec3 colour = ground + grid * minor * 0.55 + gridMajor * major * 0.75;
  colour += horizon * 0.10 * glow * exp(-from / reach * 1.2);
  float alpha = (0.34 + 0.50 * max(minor, major)) * smoothstep(reach * 4.2, reach * 1.1, from);
  gl_FragColor = vec4(colour, alpha);
}
"""

PLATE_FRAGMENT = """
precision highp float;
uniform vec3 tint; uniform float wide; uniform float deep;
varying vec2 vUv;
void main() {
  vec2 from = min(vUv, 1.0 - vUv) * vec2(wide, deep); float near = min(from.x, from.y);
  float edge = smoothstep(0.09, 0.03, near); float soft = exp(-near * 1.4) * 0.20;
  float corner = step(max(from.x, from.y), 1.3) * smoothstep(0.16, 0.06, near);
  gl_FragColor = vec4(tint, edge * 0.38 + corner * 0.6 + soft + 0.03);
}
"""
PLATE_VERTEX = "varying vec2 vUv; void main() { vUv = uv; gl_Position = projectionMatrix * modelViewMatrix * vec4(position, 1.0); }"

SKY_FRAGMENT = """
precision highp float;
uniform vec3 skyHigh; uniform vec3 skyLow; uniform vec3 horizon; uniform vec3 sun; uniform vec3 ground; uniform float glow; uniform float dark;
varying vec3 vPlace; varying float vFar;
float hash(vec2 at) { return fract(sin(dot(at, vec2(12.9898, 78.233))) * 43758.5453); }
void main() {
  vec3 toward = normalize(vPlace); float up = toward.y;
  vec3 colour = mix(skyLow, skyHigh, smoothstep(0.0, 0.42, up));
  colour = mix(colour, horizon, (dark > 0.5 ? 0.55 : 0.8) * exp(-abs(up) * 11.0) * (0.35 + 0.65 * glow));
  if (dark > 0.5 && up > 0.03) {
    vec2 cells = vec2(atan(toward.z, toward.x) * 70.0, up * 100.0); vec2 cell = floor(cells); float pick = hash(cell);
    if (pick > 0.972) colour += vec3(0.65, 0.80, 1.0) * smoothstep(0.30, 0.0, length(fract(cells) - 0.5)) * (pick - 0.972) * 26.0 * smoothstep(0.03, 0.2, up);
  }
  vec3 at = normalize(vec3(-0.50, 0.10, -0.86)); float angle = acos(clamp(dot(toward, at), -1.0, 1.0));
  float disc = smoothstep(0.168, 0.164, angle); float drop = at.y - up;
  float slit = 1.0 - step(0.0, drop) * step(1.0 - clamp(drop * 5.5, 0.0, 0.8), fract(drop * 34.0));
  vec3 face = mix(horizon, sun, clamp((up - at.y + 0.15) / 0.26, 0.0, 1.0)); face = mix(face, vec3(1.0, 0.86, 0.45), dark * 0.55 * clamp((up - at.y) / 0.16, 0.0, 1.0));
  colour = mix(colour, face, disc * slit * step(0.0, up) * (0.25 + 0.75 * glow));
  colour += horizon * 0.30 * glow * exp(-max(angle - 0.166, 0.0) * 8.0) * step(0.0, up);
  if (up < 0.0) colour = mix(mix(skyLow, horizon, 0.45 * exp(up * 11.0) * (0.35 + 0.65 * glow)), ground, smoothstep(0.0, -0.16, up));
  gl_FragColor = vec4(colour, 1.0);
}
"""
