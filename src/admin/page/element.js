/**
 * Building blocks of the page: elements are made from values, and text is always text, never markup.
 */

/** The element with this id, which `page.html` promises. @param {string} id */
export function byId(id) {
  const element = document.getElementById(id)
  if (element === null) throw new Error(`page.html has no element "${id}"`)
  return element
}

/** @param {string} id */
export function inputById(id) {
  const element = byId(id)
  if (!(element instanceof HTMLInputElement)) throw new Error(`"${id}" is not an input`)
  return element
}

/** @param {string} id */
export function buttonById(id) {
  const element = byId(id)
  if (!(element instanceof HTMLButtonElement)) throw new Error(`"${id}" is not a button`)
  return element
}

/**
 * Makes an element with attributes and children.
 * @param {string} tag @param {Record<string, string>} attributes @param {...(Node | string)} children
 */
export function make(tag, attributes, ...children) {
  const element = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value)
  element.append(...children)
  return element
}

/** Sets a text only where it differs, so that what a reader has selected stays. @param {Element} element @param {string} text */
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text
}
