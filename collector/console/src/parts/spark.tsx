// The counts of thirty days, small.
import { count } from "../words";

export function Spark({ days, label }: { days: number[]; label: string }) {
  const most = Math.max(1, ...days);
  const width = 100 / Math.max(1, days.length);
  return (
    <svg
      class="spark"
      viewBox="0 0 100 24"
      preserveAspectRatio="none"
      role="img"
      aria-label={`${label}: ${count(days.at(-1) ?? 0)} today, at most ${count(most)} a day`}
    >
      {days.map((n, day) => {
        const height = n ? Math.max(1.5, (n / most) * 24) : 0.6;
        return <rect key={day} x={day * width} y={24 - height} width={width * 0.78} height={height} />;
      })}
    </svg>
  );
}
