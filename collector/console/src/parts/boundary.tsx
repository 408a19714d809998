// A fault of the page itself, said instead of an empty page.
import { Component, type ComponentChildren } from "preact";

export class Boundary extends Component<{ children: ComponentChildren }, { failed: boolean }> {
  state = { failed: false };

  static getDerivedStateFromError() {
    return { failed: true };
  }

  componentDidCatch(fault: unknown) {
    console.error(fault);
  }

  render() {
    if (!this.state.failed) return this.props.children;
    return (
      <div class="problem" role="alert">
        <p>This view has failed. That is a fault of the console, not of yours.</p>
        <button type="button" onClick={() => location.reload()}>
          Load it again
        </button>
      </div>
    );
  }
}
