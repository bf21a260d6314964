// The page, as its visitors use it.
import assert from 'node:assert/strict';
import { PATIENCE_MS } from './programs.mjs';

/** One window with the site in it. */
export class Site {
    #page;
    #complaints = [];

    /** Opens the page, which connects to the router it came from unless there is another address. */
    static async open(browser, url, serializer, address) {
        const page = await browser.newPage({ viewport: { width: 1280, height: 1600 } });
        const site = new Site(page);
        const query = new URLSearchParams({ serializer, ...(address && { url: address }) });
        await page.goto(`${url}?${query}`);
        await site.shows('status', 'connected');
        assert.match(await site.#at('session').textContent(), new RegExp(`realm1 · ${serializer}`));
        return site;
    }

    constructor(page) {
        this.#page = page;
        page.setDefaultTimeout(PATIENCE_MS);
        page.on('pageerror', (error) => this.#complaints.push(String(error)));
        page.on('console', (line) => line.type() === 'error' && this.#complaints.push(line.text()));
    }

    /** Everything the browser complained about: exceptions, violations of the page's policy, missing files. */
    get complaints() {
        return this.#complaints;
    }

    async screenshot(path) {
        await this.#page.screenshot({ path, fullPage: true });
    }

    async subscribe(topic) {
        await this.#at('subscribe-topic').fill(topic);
        await this.#at('subscribe').click();
        await this.#row('subscriptions', topic);
    }

    async unsubscribe(topic) {
        const pill = await this.#row('subscriptions', topic);
        await pill.getByRole('button', { name: `Unsubscribe from ${topic}` }).click();
        await pill.waitFor({ state: 'detached' });
    }

    /** The arguments of the newest event of a topic. */
    async event(topic) {
        return this.#payload(await this.#row('events', topic));
    }

    async publish(topic, args, kwargs = {}, { acknowledge = true } = {}) {
        await this.#fill('publish', topic, args, kwargs);
        await this.#at('publish-ack').setChecked(acknowledge);
        await this.#at('publish').click();
        await this.shows('publish-result', acknowledge ? 'Publication' : 'Sent.');
    }

    async register(procedure, kind) {
        await this.#at('register-kind').selectOption(kind);
        await this.#at('register-procedure').fill(procedure);
        await this.#at('register').click();
        await this.#row('registrations', procedure);
    }

    async unregister(procedure) {
        const pill = await this.#row('registrations', procedure);
        await pill.getByRole('button', { name: `Unregister ${procedure}` }).click();
        await pill.waitFor({ state: 'detached' });
    }

    /** The arguments of the newest invocation of a procedure, and what the page answered. */
    async invocation(procedure) {
        const row = await this.#row('invocations', procedure);
        await this.#page.locator('[data-testid=invocations] li[data-state=done]').filter({ hasText: procedure }).first().waitFor();
        return this.#payload(row);
    }

    /** Begins a call and does not wait for its end. */
    async begin(procedure, args, kwargs = {}, { progress = false } = {}) {
        await this.#fill('call', procedure, args, kwargs);
        await this.#at('call-progress-wanted').setChecked(progress);
        await this.#at('call').click();
    }

    async call(procedure, args, kwargs, options) {
        await this.begin(procedure, args, kwargs, options);
        return this.outcome();
    }

    /** What the call came to: the payload of its result or error, and the URI of the latter. */
    async outcome() {
        await this.shows('call-result', 'after');
        const result = this.#at('call-result');
        const fault = result.locator('.fault code.uri');
        const uri = (await fault.count()) > 0 ? await fault.textContent() : undefined;
        return { uri, ...(await this.#payload(result)) };
    }

    async cancel() {
        await this.#at('call-cancel').click();
        await this.shows('call-result', 'Cancelled.');
    }

    /** The progressive results, oldest first. */
    async progress(count) {
        const rows = this.#at('call-progress').locator('li');
        await rows.nth(count - 1).waitFor();
        const texts = await rows.locator('.json').allTextContents();
        return texts.map((text) => JSON.parse(text)).reverse();
    }

    /** The names of the messages in the log, newest first. */
    async messages() {
        return this.#at('log').locator('li').evaluateAll((rows) => rows.map((row) => row.dataset.type));
    }

    async isReconnecting() {
        await this.shows('status', 'reconnecting');
        await this.shows('attempt', 'attempt');
        await this.#at('try-now').waitFor();
    }

    /** Makes the next attempt now, which is to succeed, unless one has succeeded by itself and taken the button away. */
    async tryNow() {
        await this.#at('try-now').evaluate((button) => button.click());
        await this.shows('status', 'connected');
    }

    /** What the router does not know while there is no session. */
    async isRestoring(uri) {
        await this.#pill('restoring', uri).waitFor();
    }

    async isRestored(uri) {
        await this.#pill('active', uri).waitFor();
    }

    async hasGap() {
        await this.#at('events').locator('.gap').waitFor();
    }

    /** The arguments of all events as they are shown, and gaps between them, newest first. */
    async eventTexts() {
        return this.#at('events').locator('li').evaluateAll((rows) =>
            rows.map((row) => (row.classList.contains('gap') ? 'gap' : row.querySelector('.json').textContent)),
        );
    }

    async disconnect() {
        await this.#at('connect').click();
        await this.shows('status', 'disconnected');
        await this.#page.close();
    }

    #at(id) {
        return this.#page.getByTestId(id);
    }

    async shows(id, text) {
        await this.#at(id).filter({ hasText: text }).waitFor();
    }

    #pill(state, uri) {
        return this.#page.locator(`.pill[data-state=${state}]`).filter({ has: this.#page.getByText(uri, { exact: true }) });
    }

    async #row(id, text) {
        const row = this.#at(id).locator('li').filter({ has: this.#page.getByText(text, { exact: true }) }).first();
        await row.waitFor();
        return row;
    }

    async #fill(form, uri, args, kwargs) {
        await this.#at(form === 'call' ? 'call-procedure' : 'publish-topic').fill(uri);
        await this.#at(`${form}-args`).fill(JSON.stringify(args));
        await this.#at(`${form}-kwargs`).fill(Object.keys(kwargs).length > 0 ? JSON.stringify(kwargs) : '');
    }

    async #payload(row) {
        const payload = row.locator('.payload').first();
        if ((await payload.count()) === 0) return { args: [], kwargs: {} };
        const [args = '[]', kwargs = '{}'] = await payload.locator('.json').allTextContents();
        return { args: JSON.parse(args), kwargs: JSON.parse(kwargs) };
    }
}
