/** Numbers with three decimals as text, for lines that are written often: a table is several times as fast as the general way. */
const threeDigitTexts = Array.from({ length: 1_000 }, (_, number) => String(number).padStart(3, '0'));

/** Of a whole number from 0 to 999. */
export function threeDigits(number: number): string {
  return threeDigitTexts[number]!;
}

/** A time as a JSON number; one before 0, as after a step of the clock, is 0. */
export function formatThousandths(value: number): string {
  const thousandths = Math.max(0, Math.round(value * 1_000));
  const whole = Math.floor(thousandths / 1_000);
  return `${whole}.${threeDigits(thousandths - whole * 1_000)}`;
}
