/** Style sheets are bundled by esbuild; for types they are nothing. */
declare module '*.css';
