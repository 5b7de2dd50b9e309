/** Names of environ keys whose values should not be on a screenshot. */
const SECRET = /AUTHORIZATION|COOKIE|TOKEN|SECRET|PASSW|CREDENTIAL|API_?KEY|SESSION|CSRF|XSRF/i;

/** Whether the value of an environ key opens something: a page shows it only on request, a text never. */
export function isSecret(name: string): boolean {
  return SECRET.test(name);
}
