"use strict";
// Elements, of SVG and of the page; text is always put in as text.

const element = (id) => document.getElementById(id);

const SVG = "http://www.w3.org/2000/svg";

function filled(element, attributes, content) {
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...[content].flat().filter((part) => part !== "" && part !== null));
  return element;
}

const shape = (tag, attributes = {}, content = []) => filled(document.createElementNS(SVG, tag), attributes, content);
const tag = (name, attributes = {}, content = []) => filled(document.createElement(name), attributes, content);

// The size of letters at which a text has room.
const fitted = (text, room, most = 11.5) => Math.min(most, room / (0.6 * Math.max(text.length, 1)));

// Where an event is, in the units of a picture.
function placeIn(svg, event) {
  const place = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
  return [place.x, place.y];
}
