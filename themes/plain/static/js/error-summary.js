/** The list of what is wrong takes the focus when the page opens with it. */
export function attach(box) { box.focus(); }
