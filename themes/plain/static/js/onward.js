/** Goes on to the payment service by itself; without this the button does. */
export function attach(form) { form.requestSubmit(); }
