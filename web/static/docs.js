// A lock where nobody has to sign in would mislead: an operation that also answers without a token
// (an empty requirement among its security) is shown without one.
const openOperationsHaveNoLock = () => ({
  wrapComponents: {
    OperationSummary: (Original, system) => (props) => {
      const security = props.operationProps.get("security");
      const open = security?.some((requirement) => requirement.isEmpty());
      const operationProps = open ? props.operationProps.delete("security") : props.operationProps;
      return system.React.createElement(Original, { ...props, operationProps });
    },
  },
});

// Shows the API's own document. Nothing is asked of any other server.
SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#docs",
  deepLinking: true,
  validatorUrl: null,
  persistAuthorization: false,
  plugins: [openOperationsHaveNoLock],
});
